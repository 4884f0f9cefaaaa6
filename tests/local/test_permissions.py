"""Least privilege, under IAM's enforcement: each role allows what its function needs, and nothing else."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.session import get_session

from deployer.json_document import Document
from deployer.tags import CONFIRMED_TAG, PREVIOUS_TAG, STACK_TAG, STATE_TAG, USED_AT_TAG
from local.environment import ACCOUNT_ID, REGION, STACK_NAME
from tests.local.permission_calls import CALLS, MAY, PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.aws.stack import Stack


@pytest.fixture(scope="module")
def clients(running: Stack) -> Callable[[str, Credentials], Any]:
    """Return the client of a service with other credentials; there is one for each, as making them takes long."""
    credentials: Any = Credentials("none", "none")
    core: Any = get_session()
    core._credentials = credentials
    session = boto3.Session(botocore_session=core, region_name=REGION)
    config = Config(retries={"total_max_attempts": 1})
    made = functools.cache(lambda service: session.client(service, endpoint_url=running.server.url, config=config))

    def client(service: str, other: Credentials) -> Any:
        credentials.access_key, credentials.secret_key, credentials.token = other.get_frozen_credentials()[:3]
        return made(service)

    return client


@pytest.fixture
def as_role(
    stack: Stack, roles: dict[str, str], clients: Callable[[str, Credentials], Any]
) -> Callable[[str, str], Any]:
    """Return the client of a service with the rights of a function of the stack, until the next one is asked for."""

    @functools.cache
    def credentials_of(function: str) -> Credentials:
        assumed = stack.server.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT_ID}:role/{roles[function]}", RoleSessionName=function
        )["Credentials"]
        return Credentials(assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"])

    return lambda function, service: clients(service, credentials_of(function))


def is_denied(client: Any, operation: str, parameters: Document) -> bool:
    """Return whether a call is refused by IAM; that the service refuses it otherwise does not count."""
    try:
        client._make_api_call(operation, parameters)
    except ClientError as error:
        return error.response["Error"]["Code"].startswith("AccessDenied")
    return False


def of_stack(stack: Stack, parameters: Document) -> dict[str, str]:
    """Return the parameters of a call that stand for the stack's own bucket, state machine, executions and queue."""
    machine = stack.outputs.state_machine_arn
    own = {
        "Bucket": stack.outputs.artifact_bucket,
        "stateMachineArn": machine,
        "executionArn": f"{machine.replace(':stateMachine:', ':execution:')}:none",
        "QueueUrl": stack.outputs.dead_letter_queue_url,
    }
    return {name: value for name, value in own.items() if parameters.get(name) == ""}


@pytest.mark.parametrize("function", MAY)
def test_function_may_do_its_own_work_and_no_more(
    stack: Stack, as_role: Callable[[str, str], Any], function: str
) -> None:
    """The role of a function is denied each operation that its step does not need."""
    allowed = {
        name
        for name, (service, operation, parameters) in CALLS.items()
        if not is_denied(as_role(function, service), operation, {**parameters, **of_stack(stack, parameters)})
    }

    assert allowed == MAY[function]


@pytest.mark.parametrize("function", ["PlanDeployment", "StoreRevision", "SmokeTestEndpoint", "SweepUnused"])
def test_other_buckets_are_not_read(stack: Stack, as_role: Callable[[str, str], Any], function: str) -> None:
    """Objects in a bucket that the stack does not allow are not read."""
    stack.server.client("s3").create_bucket(Bucket="of-somebody-else")

    with pytest.raises(ClientError, match="AccessDenied"):
        as_role(function, "s3").get_object(Bucket="of-somebody-else", Key="secret")


WEIGHTS = "UpdateEndpointWeightsAndCapacities"
TARGETS: dict[str, Document] = {
    "UpdateEndpoint": {"EndpointConfigName": "none"},
    WEIGHTS: {"DesiredWeightsAndCapacities": [{"VariantName": "none", "DesiredWeight": 1}]},
}
CHANGES = [
    pytest.param(function, operation, id=f"{function}-{operation}")
    for function, operations in {
        "UpdateEndpoint": ("UpdateEndpoint", WEIGHTS),
        "UpdateWeights": (WEIGHTS,),
        "RegisterScaling": (WEIGHTS,),
        "RestoreEndpoint": ("UpdateEndpoint", "DeleteEndpoint", WEIGHTS),
        "SweepUnused": ("DeleteModel", "DeleteEndpointConfig"),
    }.items()
    for operation in operations
]


def make(client: Any, kind: str, name: str, stack_tag: str) -> None:
    """Create a model, a config or an endpoint that bears the tag of a stack, and what it is made of."""
    tags = [{"Key": STACK_TAG, "Value": stack_tag}]
    variant = {"VariantName": "v", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    client.create_model(ModelName=name, PrimaryContainer={"Image": "i"}, Tags=tags)
    if kind != "Model":
        client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], Tags=tags)
    if kind == "Endpoint":
        client.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags)
        client.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})


@pytest.mark.parametrize(("function", "operation"), CHANGES)
def test_policies_allow_changes_of_own_resources_only(
    stack: Stack, as_role: Callable[[str, str], Any], function: str, operation: str
) -> None:
    """A role is denied what bears another stack's tag, whatever its function's code does."""
    kind = operation.removeprefix("Delete").removeprefix("Update").removesuffix("WeightsAndCapacities")
    client = as_role(function, "sagemaker")
    ours, theirs = (f"{each}-{function}-{operation}" for each in ("ours", "theirs"))
    make(stack.server.client("sagemaker"), kind, ours, STACK_NAME)
    make(stack.server.client("sagemaker"), kind, theirs, "another")
    target = TARGETS.get(operation, {})

    denied = {name: is_denied(client, operation, {f"{kind}Name": name, **target}) for name in (ours, theirs)}

    assert denied == {ours: False, theirs: True}
    if not target:
        resources = stack.server.control.resources()[f"{kind}s"]
        assert theirs in resources
        assert ours not in resources or resources[ours]["EndpointStatus"] == "Deleting"


@pytest.mark.parametrize(
    ("function", "own_tag"),
    [
        ("RecordDeployment", STATE_TAG),
        ("ConfirmRevision", CONFIRMED_TAG),
        ("CreateEndpointConfig", PREVIOUS_TAG),
        ("CreateModels", USED_AT_TAG),
    ],
)
@pytest.mark.parametrize(
    ("stack_tag", "more", "denied"),
    [
        pytest.param(STACK_NAME, [], False, id="its own tag"),
        pytest.param(STACK_NAME, [STACK_TAG], True, id="another tag beside it"),
        pytest.param("another", [], True, id="a config of another stack"),
    ],
)
def test_function_sets_no_tag_but_its_own(  # noqa: PLR0913, PLR0917 - two parameters and their cases
    stack: Stack,
    as_role: Callable[[str, str], Any],
    function: str,
    own_tag: str,
    stack_tag: str,
    more: list[str],
    denied: bool,  # noqa: FBT001 - a case
) -> None:
    """The tags that decide what may be deleted stay as they are, and so does what another stack made."""
    name = f"tagged-{function}-{stack_tag}-{len(more)}".lower()
    kind = "Model" if function == "CreateModels" else "EndpointConfig"
    make(stack.server.client("sagemaker"), kind, name, stack_tag)
    tags = [{"Key": key, "Value": "v"} for key in (own_tag, *more)]
    path = "model" if kind == "Model" else "endpoint-config"
    parameters = {"ResourceArn": f"{PREFIX}:{path}/{name}", "Tags": tags}

    is_refused = is_denied(as_role(function, "sagemaker"), "AddTags", parameters)

    assert is_refused is denied


def test_every_function_is_tried(roles: dict[str, str]) -> None:
    """The table above knows all functions of the template."""
    assert roles.keys() == MAY.keys()


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
            ModelName="with-role",
            PrimaryContainer={"Image": "i"},
            ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT_ID}:role/administrator",
        )


def test_unknown_credentials_are_refused(stack: Stack) -> None:
    """SageMaker checks who calls, as every service does."""
    client = boto3.Session("AKIAUNKNOWN000000000", "x", region_name=REGION).client(
        "sagemaker", endpoint_url=stack.server.url
    )

    with pytest.raises(ClientError, match="security token"):
        client.list_endpoints()
