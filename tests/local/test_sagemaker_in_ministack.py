"""The simulator as MiniStack serves it: what it is wired to, and what of it can be set while it runs."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from botocore.exceptions import ClientError, HTTPClientError

from deployer.json_document import Document
from local.aws.control import PATH
from local.simulator import Fault

if TYPE_CHECKING:
    from local.aws.stack import Stack
    from local.simulator import Settings

SETTLED_SECONDS = 20.0
NOTHING_SECONDS = 2.0
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "sagemaker.amazonaws.com"}},
    ],
}


def create_config(client: Any, name: str, **more: Any) -> None:
    """Create an endpoint config with one model, both of the same name."""
    client.create_model(ModelName=name, PrimaryContainer={"Image": "i"}, **more)
    variant = {"VariantName": "v", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])


def settled(client: Any, endpoint: str) -> Document:
    """Wait until an endpoint is in service and return its description."""
    deadline = time.monotonic() + SETTLED_SECONDS
    while (found := client.describe_endpoint(EndpointName=endpoint))["EndpointStatus"] != "InService":
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return dict(found)


@pytest.mark.parametrize(("state", "serves"), [("ALARM", "alarm-old"), ("OK", "alarm-new")])
def test_alarm_of_cloudwatch_rolls_update_back(stack: Stack, state: str, serves: str) -> None:
    """While an update bakes, an alarm that goes off in CloudWatch brings the old config back."""
    client, cloudwatch = stack.server.client("sagemaker"), stack.server.client("cloudwatch")
    endpoint, old, new = f"alarm-{state.lower()}", f"alarm-old-{state}", f"alarm-new-{state}"
    for name in (old, new):
        create_config(client, name)
    client.create_endpoint(EndpointName=endpoint, EndpointConfigName=old)
    settled(client, endpoint)
    cloudwatch.put_metric_alarm(
        AlarmName=endpoint, Namespace="n", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName=endpoint, StateValue=state, StateReason="by hand")

    policy = {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 60}}
    client.update_endpoint(
        EndpointName=endpoint,
        EndpointConfigName=new,
        DeploymentConfig={
            "BlueGreenUpdatePolicy": policy,
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": endpoint}]},
        },
    )

    assert settled(client, endpoint)["EndpointConfigName"] == f"{serves}-{state}"


def test_dropped_connection_is_seen_as_such(stack: Stack, quick: Settings) -> None:
    """A fault of the network reaches the client as one, not as an answer of the service."""
    stack.server.control.settings = replace(quick, faults=(Fault("ListModels", "dropped"),))
    client = stack.server.client("sagemaker")

    with pytest.raises(HTTPClientError):
        client.list_models()

    assert "Models" in client.list_models()


def test_throttling_is_in_words_of_the_service(stack: Stack, quick: Settings) -> None:
    """A refusal of the simulator arrives as a client error with the service's code."""
    stack.server.control.settings = replace(quick, faults=(Fault("ListModels", "throttled"),))

    with pytest.raises(ClientError, match=r"\(ThrottlingException\).*Rate exceeded"):
        stack.server.client("sagemaker").list_models()


def test_settings_can_be_read_back(stack: Stack, quick: Settings) -> None:
    """The settings are returned as they were set."""
    settings = replace(quick, lag=7.5, faults=(Fault("*", "slow", seconds=1.0),))

    stack.server.control.settings = settings

    assert stack.server.control.settings == settings


def test_wrong_settings_are_refused(stack: Stack, quick: Settings) -> None:
    """A setting that makes no sense changes nothing, and the refusal names it."""
    answer = urllib3.request("PUT", f"{stack.server.url}{PATH}settings", json={"lag": "long"})

    assert answer.status == HTTPStatus.BAD_REQUEST
    assert "lag" in answer.data.decode()
    assert stack.server.control.settings == quick


def test_stream_passes_the_gateway(stack: Stack) -> None:
    """InvokeEndpointWithResponseStream is answered in events over the wire, too."""
    client, runtime = stack.server.client("sagemaker"), stack.server.client("sagemaker-runtime")
    create_config(client, "streamed")
    client.create_endpoint(EndpointName="streamed", EndpointConfigName="streamed")
    settled(client, "streamed")

    stream = runtime.invoke_endpoint_with_response_stream(EndpointName="streamed", Body=b"{}")["Body"]

    assert b'"Model": "streamed"' in b"".join(event["PayloadPart"]["Bytes"] for event in stream)


@pytest.mark.parametrize(("prefix", "is_answered"), [("answers", True), ("elsewhere", False)])
def test_asynchronous_answer_is_written_as_the_models_role(stack: Stack, prefix: str, *, is_answered: bool) -> None:
    """The answer is an object that the role of the model may write; what it may not write is lost."""
    client, runtime = stack.server.client("sagemaker"), stack.server.client("sagemaker-runtime")
    s3, iam, name = stack.server.client("s3"), stack.server.client("iam"), f"asynchronous-{prefix}"
    bucket = stack.outputs.artifact_bucket
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/answers/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName=name, PolicyName="writes", PolicyDocument=document)
    create_config(client, name, ExecutionRoleArn=role)
    described = client.describe_endpoint_config(EndpointConfigName=name)["ProductionVariants"]
    paths = {"OutputConfig": {"S3OutputPath": f"s3://{bucket}/{prefix}"}}
    config = f"{name}-c"
    client.create_endpoint_config(EndpointConfigName=config, ProductionVariants=described, AsyncInferenceConfig=paths)
    client.create_endpoint(EndpointName=name, EndpointConfigName=config)
    settled(client, name)

    answer = runtime.invoke_endpoint_async(EndpointName=name, Body=b"{}")
    key = answer["OutputLocation"].removeprefix(f"s3://{bucket}/")
    deadline = time.monotonic() + (SETTLED_SECONDS if is_answered else NOTHING_SECONDS)
    while not (found := s3.list_objects_v2(Bucket=bucket, Prefix=key)["KeyCount"]) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert found == is_answered


def test_calls_are_recorded_with_caller_operation_and_resource(stack: Stack) -> None:
    """Each request is on record with its caller, its operation and what it was about."""
    with pytest.raises(ClientError):
        stack.server.client("sagemaker").describe_model(ModelName="on-record")

    resource = "arn:aws:sagemaker:us-east-1:111122223333:model/on-record"
    assert [call for call in stack.server.control.calls() if call["resource"] == resource] == [
        {
            "caller": "arn:aws:iam::111122223333:root",
            "operation": "DescribeModel",
            "resource": resource,
            "status": 400,
            "error": "ValidationException",
        }
    ]
