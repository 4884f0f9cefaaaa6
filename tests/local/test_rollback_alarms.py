"""Alarms that the deployer makes for guarded updates, on local AWS: they roll back, and the sweep deletes them."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from ministack.services import cloudwatch

from local.environment import STACK_NAME
from tests.local.empty_account import empty_account
from tests.machine.factories import request

if TYPE_CHECKING:
    from deployer.json_document import Document
    from local.aws.stack import Stack
    from local.simulator import Settings

SECONDS = 60.0
DAYS = 2 * 86400.0
ALARMS: Document = {"RollbackAlarms": {"Errors": {"Percent": 1}, "Latency": {"P99Milliseconds": 500}}}


def guarded(seconds: int) -> Document:
    """Build guardrails with alarms; SageMaker looks at these for some seconds of its clock."""
    traffic = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": seconds}
    return {"DeploymentConfig": {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": traffic}}, **ALARMS}


def start(stack: Stack, document: Document) -> str:
    """Start an execution of a request."""
    states, machine = stack.server.client("stepfunctions"), stack.outputs.state_machine_arn
    return str(states.start_execution(stateMachineArn=machine, input=json.dumps(document))["executionArn"])


def deploy(stack: Stack, document: Document) -> Document:
    """Deploy a request; return the outcome."""
    return stack.outcome_of(start(stack, document))


def alarms(stack: Stack, endpoint: str) -> list[str]:
    """Return the names of the alarms that the deployer has made for an endpoint, but for the one that ends updates."""
    prefix = f"{STACK_NAME}/rollback/{endpoint}-"
    found = stack.server.client("cloudwatch").describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
    return sorted(alarm["AlarmName"] for alarm in found)


def wait_for_bake(stack: Stack, endpoint: str) -> None:
    """Wait until both fleets of an endpoint run, and SageMaker looks at the alarms."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        pending = stack.endpoint(endpoint).get("PendingDeploymentSummary", {}).get("ProductionVariants", [])
        if "Baking" in json.dumps(pending, default=str):
            return
        time.sleep(0.1)
    raise TimeoutError(endpoint)


def test_own_alarm_rolls_a_guarded_update_back(stack: Stack) -> None:
    """The event names the alarm as the cause, and the endpoint serves what it served."""
    before = deploy(stack, request("a", "alarmed"))
    execution = start(stack, request("b", "alarmed", **guarded(3000)))
    wait_for_bake(stack, "alarmed")

    made = alarms(stack, "alarmed")
    stack.server.client("cloudwatch").set_alarm_state(AlarmName=made[0], StateValue="ALARM", StateReason="5 of 100")
    outcome = stack.outcome_of(execution)

    assert len(made) == 2
    assert (outcome["Outcome"], outcome["Error"], outcome["CauseClass"]) == ("Failed", "UpdateRolledBackError", "Alarm")
    assert f"In state ALARM: {made[0]}." in outcome["Cause"]
    assert stack.endpoint("alarmed")["EndpointConfigName"] == before["Revision"]


def test_alarms_stay_with_their_revision_and_go_with_the_endpoint(stack: Stack, quick: Settings) -> None:
    """They are described as they were requested, so that they are not drift."""
    empty_account(stack)
    stack.server.control.settings = replace(quick, update_seconds=5.0)
    deploy(stack, request("a", "alarmed"))
    deployed = deploy(stack, request("b", "alarmed", **guarded(1)))
    made = alarms(stack, "alarmed")

    first = stack.sweep(after=DAYS)
    stays = alarms(stack, "alarmed")
    status = stack.server.client("stepfunctions").list_executions(
        stateMachineArn=stack.outputs.sweep_state_machine_arn, maxResults=1
    )["executions"][0]
    drift = json.loads(
        stack.server.client("stepfunctions").describe_execution(executionArn=status["executionArn"])["output"]
    )["Drift"]["Found"]
    stack.server.client("sagemaker").delete_endpoint(EndpointName="alarmed")
    while stack.server.control.resources()["Endpoints"]:
        time.sleep(0.1)
    removed = [stack.sweep(after=DAYS)["Removed"]["Alarms"]["Names"] for _ in range(2)]

    assert deployed["Outcome"] == "Deployed"
    assert (len(made), stays, first["Removed"]["Alarms"]["Count"]) == (2, made, 0)
    assert not {"AlarmDeleted", "AlarmChanged"} & set(drift.get("alarmed", []))
    assert sorted(name for names in removed for name in names) == sorted([*made, f"{STACK_NAME}/abort/alarmed"])


def test_ministack_forgets_the_metrics_of_an_expression() -> None:
    """Local AWS keeps them, because all alarms of errors would count as changed otherwise."""
    query = {"Id": "e", "Expression": "1", "ReturnData": True}

    cloudwatch._put_metric_alarm({}, {"AlarmName": "math", "Metrics": [query]}, is_cbor=True)

    assert "Metrics" not in cloudwatch._alarms.pop("math")
