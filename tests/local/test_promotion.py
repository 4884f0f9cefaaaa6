"""A second stack, on an event bus of its own, deploys what the first one has deployed. One account stands for two."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from ministack.services.cloudformation import provisioners

from local.aws.build import build
from local.aws.deploy import deploy
from local.aws.execution_follower import wait_for_execution
from local.aws.outcome_queue import Outcomes
from local.aws.stack import Stack
from local.environment import ACCOUNT_ID, REGION, STACK_NAME
from tests.local.parameters import PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Iterator

PRODUCTION = "production"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT_ID}:event-bus/{PRODUCTION}"


@pytest.fixture(scope="module")
def production(running: Stack, image: str) -> Iterator[Stack]:
    """The receiving stack; the sending one promotes to it for as long."""
    server, template, defaults = running.server, build(), {"DefaultImage": image, **PARAMETERS}
    server.client("events").create_event_bus(Name=PRODUCTION)
    bucket = f"arn:aws:s3:::{running.outputs.artifact_bucket}"
    parameters = {"PromoteFrom": ACCOUNT_ID, "EventBusName": PRODUCTION, "AllowedBucketArns": bucket}
    outputs = deploy(server, template, {**defaults, **parameters}, PRODUCTION)
    deploy(server, template, {**defaults, "PromoteTo": BUS})
    yield Stack(server, outputs, Outcomes(server, outputs.event_bus))
    rule = server.client("cloudformation").describe_stack_resource(
        StackName=STACK_NAME, LogicalResourceId="PromotionRule"
    )
    name = rule["StackResourceDetail"]["PhysicalResourceId"].rpartition("/")[2]
    server.client("events").disable_rule(Name=name)  # SAM takes no empty parameter


def executions_of(stack: Stack, endpoint: str) -> list[str]:
    """Return the ARNs of a stack's executions whose input names an endpoint."""
    states = stack.server.client("stepfunctions")
    arns = [execution["executionArn"] for execution in stack.executions()]
    return [arn for arn in arns if endpoint in states.describe_execution(executionArn=arn)["input"]]


def test_deployment_is_promoted(stack: Stack, production: Stack, artifact: bytes) -> None:
    """The event is forwarded; the endpoint is made from a copy in the receiving bucket, once no other stack has it."""
    states, sagemaker = stack.server.client("stepfunctions"), stack.server.client("sagemaker")
    first = stack.outcome_of(stack.execution_of(stack.upload("models/promoted/model.tar.gz", artifact)))
    machine = production.outputs.state_machine_arn

    arrived = wait_for_execution(states, machine, "/detail/Revision", first["Revision"], timeout=20)
    # In one account the endpoint still belongs to the stack that has made it.
    refused = production.outcome_of(arrived)
    sagemaker.delete_endpoint(EndpointName="promoted")
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="promoted", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    event = json.loads(states.describe_execution(executionArn=arrived)["input"])
    again = states.start_execution(stateMachineArn=machine, input=json.dumps(event))
    second = production.outcome_of(again["executionArn"])

    config = sagemaker.describe_endpoint_config(EndpointConfigName=second["Revision"])
    model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    url = model["PrimaryContainer"]["ModelDataUrl"]
    copy = stack.server.client("s3").get_object(
        Bucket=production.outputs.artifact_bucket, Key=url.removeprefix(f"s3://{production.outputs.artifact_bucket}/")
    )
    assert (first["Outcome"], refused["Outcome"], second["Outcome"]) == ("Deployed", "Rejected", "Deployed")
    assert "promoted" in refused["Cause"]
    assert copy["Body"].read() == artifact
    assert len(executions_of(stack, "promoted")) == 1


def test_bus_takes_the_other_accounts_events_of_deployments_only(production: Stack) -> None:
    """The policy of the bus is the stack's."""
    policy = json.loads(production.server.client("events").describe_event_bus(Name=PRODUCTION)["Policy"])

    (statement,) = policy["Statement"]
    condition = {
        "StringEquals": {"events:source": "endpoint-deployer", "events:detail-type": "Endpoint Deployment Ended"}
    }
    assert (statement["Action"], statement["Condition"]) == ("events:PutEvents", condition)


def test_ministack_has_no_policies_of_event_buses() -> None:
    """If it does, the correction can go."""
    assert "AWS::Events::EventBusPolicy" not in provisioners._RESOURCE_HANDLERS
