"""What the command line knows of drift: the result of the last sweep that succeeded."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from endpoint_deployer.aws.drift import last_drift

MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:sweep"
EXECUTION = "arn:aws:states:us-east-1:111122223333:execution:sweep:run-1"
DESCRIBED: dict[str, Any] = {
    "executionArn": EXECUTION,
    "stateMachineArn": MACHINE,
    "name": "run-1",
    "status": "SUCCEEDED",
    "startDate": datetime(2026, 11, 24, 12, tzinfo=UTC),
}
FOUND = {"churn": ["ConfigReplaced"]}
REPAIRS = {"churn": "arn:aws:states:us-east-1:111122223333:execution:deploy:repair-1"}


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        pytest.param(None, {}, id="no sweep yet"),
        pytest.param({"Sweep": {"Done": True}}, {}, id="of an earlier version"),
        pytest.param({"Drift": {"Found": FOUND}}, {"Found": FOUND}, id="drift"),
        pytest.param(
            {"Drift": {"Found": FOUND, "Repairs": REPAIRS}}, {"Found": FOUND, "Repairs": REPAIRS}, id="repair"
        ),
    ],
)
def test_status_shows_the_drift_of_the_last_sweep(output: Any, expected: dict[str, Any]) -> None:
    client = boto3.client("stepfunctions")
    stack: Any = SimpleNamespace(client=lambda _: client, sweep_state_machine=MACHINE)
    with Stubber(client) as stubber:
        asked = {"stateMachineArn": MACHINE, "statusFilter": "SUCCEEDED", "maxResults": 1}
        stubber.add_response("list_executions", {"executions": [DESCRIBED] if output else []}, asked)
        if output:
            stubber.add_response("describe_execution", {**DESCRIBED, "output": json.dumps(output)})

        assert last_drift(stack) == {"Found": {}, "Repairs": {}, **expected}
