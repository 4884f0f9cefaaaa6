"""Least privilege, proven by running under enforcement: each role may do its own work and nobody else's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.settings import ACCOUNT_ID, REGION, STACK_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.stack import Stack

PREFIX = f"arn:aws:sagemaker:{REGION}:{ACCOUNT_ID}"
MAY = {
    "PlanDeployment": {"DescribeEndpoint", "DescribeEndpointConfig", "DescribeModel"},
    "CreateModels": {"CreateModel", "DescribeModel"},
    "CreateEndpointConfig": {"CreateEndpointConfig", "DescribeEndpointConfig"},
    "DescribeEndpointConfig": {"DescribeEndpointConfig"},
    "CreateEndpoint": {"CreateEndpoint", "DescribeEndpoint"},
    "UpdateEndpoint": {"UpdateEndpoint", "DescribeEndpoint", "DescribeEndpointConfig"},
    "DescribeEndpoint": {"DescribeEndpoint"},
    "ConfirmRevision": {"DescribeEndpoint"},
    "UndoDeployment": {"DescribeModel", "DescribeEndpointConfig", "DescribeEndpoint"},
    "AnnounceOutcome": set[str](),
}
VARIANT = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
REQUESTS: dict[str, dict[str, Any]] = {
    "CreateModel": {"ModelName": "m", "PrimaryContainer": {"Image": "i"}},
    "DescribeModel": {"ModelName": "m"},
    "DeleteModel": {"ModelName": "m"},
    "CreateEndpointConfig": {"EndpointConfigName": "c", "ProductionVariants": [VARIANT]},
    "DescribeEndpointConfig": {"EndpointConfigName": "c"},
    "DeleteEndpointConfig": {"EndpointConfigName": "c"},
    "CreateEndpoint": {"EndpointName": "e", "EndpointConfigName": "c"},
    "UpdateEndpoint": {"EndpointName": "e", "EndpointConfigName": "c"},
    "DescribeEndpoint": {"EndpointName": "e"},
    "DeleteEndpoint": {"EndpointName": "e"},
    "UpdateEndpointWeightsAndCapacities": {
        "EndpointName": "e",
        "DesiredWeightsAndCapacities": [{"VariantName": "v", "DesiredWeight": 1}],
    },
}


MODEL = {"ModelName": "with-role", "PrimaryContainer": {"Image": "i"}}


@pytest.fixture
def as_role(stack: Stack) -> Callable[[str, str], Any]:
    """Make a client of a service with the rights of a function of the stack."""

    def client(function: str, service: str) -> Any:
        described = stack.server.client("cloudformation").describe_stack_resource(
            StackName=STACK_NAME, LogicalResourceId=f"{function}FunctionRole"
        )
        role = described["StackResourceDetail"]["PhysicalResourceId"]
        assumed = stack.server.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT_ID}:role/{role}", RoleSessionName=function
        )["Credentials"]
        session = boto3.Session(assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"], REGION)
        return session.client(service, endpoint_url=stack.server.url)

    return client


@pytest.fixture
def sagemaker_role(stack: Stack) -> Iterator[Callable[..., str]]:
    """Make a role with a trust policy and permissions, and return its ARN."""
    iam, made = stack.server.client("iam"), list[str]()

    def make(name: str, trusts: str, *actions: str) -> str:
        trust = {"Effect": "Allow", "Principal": {"Service": trusts}, "Action": "sts:AssumeRole"}
        policy = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]
        if actions:
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps({"Statement": [policy]}))
        made.append(name)
        return str(role["Arn"])

    yield make
    for name in made:
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)


def is_denied(client: Any, operation: str) -> bool:
    """Tell whether a call is refused by IAM; that the service refuses it otherwise does not count."""
    try:
        client._make_api_call(operation, REQUESTS[operation])
    except ClientError as error:
        return error.response["Error"]["Code"] == "AccessDeniedException"
    return False


@pytest.mark.parametrize("function", MAY)
def test_function_may_do_its_own_work_and_no_more(as_role: Callable[[str, str], Any], function: str) -> None:
    """The role of a function is denied each SageMaker operation that its step does not need."""
    client = as_role(function, "sagemaker")

    allowed = {operation for operation in REQUESTS if not is_denied(client, operation)}

    assert allowed == MAY[function]


def create_tagged_model(stack: Stack, name: str, tag: str) -> None:
    """Create a model that bears the tag of a stack."""
    stack.server.client("sagemaker").create_model(
        ModelName=name,
        PrimaryContainer={"Image": "i"},
        Tags=[{"Key": "endpoint-deployer:stack", "Value": tag}],
    )


def test_what_the_stack_made_may_be_deleted(stack: Stack, as_role: Callable[[str, str], Any]) -> None:
    """UndoDeployment may delete what bears the stack's tag."""
    create_tagged_model(stack, "of-the-stack", STACK_NAME)

    as_role("UndoDeployment", "sagemaker").delete_model(ModelName="of-the-stack")

    assert "of-the-stack" not in stack.server.control.resources()["Models"]


def test_what_another_stack_made_is_never_deleted(stack: Stack, as_role: Callable[[str, str], Any]) -> None:
    """UndoDeployment is denied to delete anything else, whatever its code does."""
    create_tagged_model(stack, "of-another-stack", "another")

    with pytest.raises(ClientError, match="not authorized to perform: sagemaker:DeleteModel"):
        as_role("UndoDeployment", "sagemaker").delete_model(ModelName="of-another-stack")

    assert "of-another-stack" in stack.server.control.resources()["Models"]


def test_every_function_is_tried(stack: Stack) -> None:
    """The table above knows all functions of the template."""
    pages = stack.server.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)

    functions = {
        resource["LogicalResourceId"].removesuffix("Function")
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == "AWS::Lambda::Function"
    }

    assert functions == MAY.keys()


def test_denial_is_in_words_of_the_service(as_role: Callable[[str, str], Any]) -> None:
    """A denial names who was denied what, on which resource, and why."""
    with pytest.raises(ClientError) as caught:
        as_role("DescribeEndpoint", "sagemaker").create_endpoint(EndpointName="Mine", EndpointConfigName="c")

    error = caught.value.response
    assert error["Error"]["Code"] == "AccessDeniedException"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert error["Error"]["Message"].startswith(
        f"User: arn:aws:sts::{ACCOUNT_ID}:assumed-role/{STACK_NAME}-DescribeEnd"
    )
    assert error["Error"]["Message"].endswith(
        f"is not authorized to perform: sagemaker:CreateEndpoint on resource: {PREFIX}:endpoint/mine "
        "because no identity-based policy allows the sagemaker:CreateEndpoint action"
    )


def test_no_other_role_is_passed_to_sagemaker(as_role: Callable[[str, str], Any]) -> None:
    """CreateModels passes the stack's execution role on, and no other."""
    with pytest.raises(ClientError, match="not authorized to perform: iam:PassRole"):
        as_role("CreateModels", "sagemaker").create_model(
            **REQUESTS["CreateModel"], ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT_ID}:role/administrator"
        )


def test_unknown_credentials_are_refused(stack: Stack) -> None:
    """SageMaker checks who calls, as every service does."""
    client = boto3.Session("AKIAUNKNOWN000000000", "x", region_name=REGION).client(
        "sagemaker", endpoint_url=stack.server.url
    )

    with pytest.raises(ClientError, match="security token"):
        client.list_endpoints()


def test_role_that_does_not_trust_sagemaker_is_invalid(stack: Stack, sagemaker_role: Callable[..., str]) -> None:
    """A model's role has to let SageMaker assume it."""
    role = sagemaker_role("trusts-lambda", "lambda.amazonaws.com")

    with pytest.raises(ClientError, match=f'The execution role ARN "{role}" is invalid'):
        stack.server.client("sagemaker").create_model(**MODEL, ExecutionRoleArn=role)


def test_missing_role_is_invalid(stack: Stack) -> None:
    """A model's role has to exist."""
    role = f"arn:aws:iam::{ACCOUNT_ID}:role/nobody"

    with pytest.raises(ClientError, match=f'The execution role ARN "{role}" is invalid'):
        stack.server.client("sagemaker").create_model(**MODEL, ExecutionRoleArn=role)


@pytest.mark.parametrize(
    ("actions", "key", "message"),
    [
        pytest.param([], "roles/model.tar.gz", "Could not access model data at", id="not-allowed"),
        pytest.param(["s3:*"], "roles/none.tar.gz", "Could not find model data at", id="not-there"),
    ],
)
def test_model_data_is_read_as_execution_role(
    stack: Stack, sagemaker_role: Callable[..., str], actions: list[str], key: str, message: str
) -> None:
    """What the execution role cannot read, SageMaker cannot either."""
    stack.upload("roles/model.tar.gz", b"model")
    role = sagemaker_role("runs-models", "sagemaker.amazonaws.com", *actions)
    container = {"Image": "i", "ModelDataUrl": f"s3://{stack.outputs.artifact_bucket}/{key}"}

    with pytest.raises(ClientError, match=f"{message} {container['ModelDataUrl']}"):
        stack.server.client("sagemaker").create_model(
            ModelName="unreadable", PrimaryContainer=container, ExecutionRoleArn=role
        )
