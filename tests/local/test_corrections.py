"""MiniStack does as AWS does in what the stack relies on; each correction has a test that says whether it is needed."""

from __future__ import annotations

import inspect
import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from ministack.services import s3

from deployer.json_document import Document
from local.environment import ACCOUNT_ID, REGION, aws_environment
from local.simulator import EventDelivery, Settings
from tests.local.ministack_server import SPEED, make_function, packed, refusal, wait_for

if TYPE_CHECKING:
    from local.aws.server import Server


def test_versions_of_a_function_keep_their_code(server: Server) -> None:
    """An update of the function changes what its newest version does, and no other."""
    client = server.client("lambda")
    make_function(server, "kept")
    first = client.publish_version(FunctionName="kept")["FunctionArn"]
    client.update_function_code(FunctionName="kept", ZipFile=packed("def handler(*_):\n    return 'changed'"))
    second = client.publish_version(FunctionName="kept")["FunctionArn"]

    answers = [json.loads(client.invoke(FunctionName=arn, Payload=b"{}")["Payload"].read()) for arn in (first, second)]

    assert answers == [["1", ""], "changed"]


def test_a_copy_with_if_none_match_overwrites_nothing(server: Server) -> None:
    """CopyObject with `If-None-Match: *` is refused where something is, and made where nothing is."""
    client = server.client("s3")
    client.create_bucket(Bucket="copies")
    source = {"Bucket": "copies", "Key": "source"}
    client.put_object(**source, Body=b"source")
    copy = {"Bucket": "copies", "Key": "copy", "CopySource": source, "IfNoneMatch": "*"}

    codes = [refusal(lambda: client.copy_object(**copy)) for _ in range(2)]

    assert codes == ["", "PreconditionFailed"]


def test_ministack_copies_without_asking() -> None:
    """If it heeds the header of a copy, too, the correction can go."""
    source = inspect.getsource(s3._copy_object)

    assert '"if-none-match"' not in source
    assert "_check_put_preconditions" not in source


def make_endpoint(server: Server, name: str, **tags: str) -> Any:
    """Create an endpoint; return the client that did."""
    sagemaker = server.client("sagemaker")
    variant = {"VariantName": "A", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    container = {"Image": "registry/m:1"}
    sagemaker.create_model(ModelName=name, PrimaryContainer=container)
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=listed)
    return sagemaker


def test_sagemakers_events_arrive_on_the_default_bus(server: Server) -> None:
    """The events arrive although nothing describes the endpoint."""
    server.control.settings = Settings(create_seconds=50.0, events=EventDelivery(seconds=(10.0, 10.0)))
    queue = server.client("sqs").create_queue(QueueName="heard")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:heard"
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}]}
    server.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    events = server.client("events")
    pattern = {"source": ["aws.sagemaker"], "detail": {"EndpointStatus": ["IN_SERVICE"]}}
    events.put_rule(Name="heard", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="heard", Targets=[{"Id": "heard", "Arn": arn}])
    began = time.monotonic()

    make_endpoint(server, "heard", team="x")
    receive = server.client("sqs").receive_message
    messages = wait_for(lambda: receive(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", []), bool)

    event = json.loads(messages[0]["Body"])
    assert time.monotonic() - began >= 60 / SPEED
    assert event["detail-type"] == "SageMaker Endpoint State Change"
    assert event["detail"]["EndpointName"] == "heard"
    assert event["detail"]["Tags"] == {"team": "x"}


def test_sagemaker_answers_with_times_of_the_wall_clock(server: Server) -> None:
    """The speed of its own clock does not matter: functions compare its times with theirs."""
    server.control.settings = Settings()
    time.sleep(0.5)  # 25 seconds of the simulator's
    sagemaker = server.client("sagemaker")

    sagemaker.create_model(ModelName="timed", PrimaryContainer={"Image": "registry/m:1"})
    created = sagemaker.describe_model(ModelName="timed")["CreationTime"]
    since = created - timedelta(seconds=1)
    listed = sagemaker.list_models(CreationTimeAfter=since, NameContains="timed")["Models"]

    assert abs(created.timestamp() - time.time()) < 5
    assert [model["CreationTime"] for model in listed] == [created]


def as_role(server: Server, name: str, *statements: Document) -> Any:
    """Return a client of SageMaker with the rights of a role."""
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    iam = server.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]}
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    assumed = server.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    session = boto3.Session(assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"], REGION)
    url = aws_environment(server.url)["AWS_ENDPOINT_URL"]
    return session.client("sagemaker", endpoint_url=url, config=Config(retries={"total_max_attempts": 1}))


def test_tags_reach_iam_late(server: Server) -> None:
    """A policy that asks for a tag denies what has just been created, and allows it a little later."""
    server.control.settings = Settings(tag_lag=60.0)
    condition = {"StringEquals": {"aws:ResourceTag/stack": "mine"}}
    role = as_role(server, "tagged", {"Action": "sagemaker:DeleteModel", "Resource": "*", "Condition": condition})
    server.client("sagemaker").create_model(
        ModelName="tagged", PrimaryContainer={"Image": "registry/m:1"}, Tags=[{"Key": "stack", "Value": "mine"}]
    )

    at_once = refusal(lambda: role.delete_model(ModelName="tagged"))
    codes = wait_for(lambda: refusal(lambda: role.delete_model(ModelName="tagged")), lambda code: not code, 10)

    assert at_once == "AccessDeniedException"
    assert codes == ""


@pytest.mark.parametrize("is_allowed", [False, True])
def test_deleting_a_scaled_endpoint_deregisters_its_variants(server: Server, is_allowed: bool) -> None:  # noqa: FBT001
    """The variants are deregistered with the rights of the caller of DeleteEndpoint."""
    server.control.settings = Settings(create_seconds=1.0, delete_seconds=1.0)
    name = f"scaled-{is_allowed}".lower()
    sagemaker = make_endpoint(server, name)
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 0, "MaxAttempts": 99})
    scaling = server.client("application-autoscaling")
    target = {"ServiceNamespace": "sagemaker", "ResourceId": f"endpoint/{name}/variant/A"}
    scaling.register_scalable_target(
        **target, ScalableDimension="sagemaker:variant:DesiredInstanceCount", MinCapacity=1, MaxCapacity=2
    )
    statements = [{"Action": "sagemaker:DeleteEndpoint", "Resource": "*"}]
    if is_allowed:
        statements.append({"Action": "application-autoscaling:DeregisterScalableTarget", "Resource": "*"})
    role = as_role(server, name, *statements)

    code = refusal(lambda: role.delete_endpoint(EndpointName=name))

    left = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[target["ResourceId"]])
    assert code == ("" if is_allowed else "AccessDeniedException")
    assert bool(left["ScalableTargets"]) is not is_allowed
