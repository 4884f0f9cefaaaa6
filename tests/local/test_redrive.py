"""An execution that was stopped goes on where it was: RedriveExecution on local AWS, and `retry`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from ministack.services import stepfunctions

from local.aws.execution_follower import follow
from tests.machine.factories import request

if TYPE_CHECKING:
    from local.aws.stack import Stack
    from local.simulator import Settings

SECONDS = 90.0


def start(stack: Stack, name: str) -> tuple[Any, str]:
    """Start a deployment; return the client of Step Functions, and the execution."""
    states = stack.server.client("stepfunctions")
    started = states.start_execution(
        stateMachineArn=stack.outputs.state_machine_arn, name=name, input=json.dumps(request("a", name))
    )
    return states, started["executionArn"]


def refusal(states: Any, arn: str) -> str:
    """Return the code with which a redrive is refused."""
    with pytest.raises(ClientError) as refused:
        states.redrive_execution(executionArn=arn)
    return str(refused.value.response["Error"]["Code"])


def test_stopped_execution_goes_on_where_it_was(stack: Stack, quick: Settings) -> None:
    """It creates nothing again, and ends as the same execution."""
    stack.server.control.settings = replace(quick, create_seconds=300.0)
    states, arn = start(stack, "redriven")
    for moment in follow(states, arn, timeout=SECONDS):
        if (moment.state, moment.kind) == ("DescribeEndpoint", "TaskSubmitted"):
            break
    running = refusal(states, arn)
    states.stop_execution(executionArn=arn)

    states.redrive_execution(executionArn=arn)

    outcome = stack.outcome_of(arn)
    entered = [moment.state for moment in follow(states, arn, timeout=SECONDS) if moment.kind == "TaskStateEntered"]
    assert running == "ExecutionNotRedrivable"
    assert outcome["Outcome"] == "Deployed"
    assert (entered.count("StoreRevision"), entered.count("CreateEndpoint")) == (1, 1)
    assert entered.count("DescribeEndpoint") > 1
    assert refusal(states, arn) == "ExecutionNotRedrivable"
    assert refusal(states, f"{arn}-missing") == "ExecutionDoesNotExist"


def test_ministack_has_no_redrive() -> None:
    """Once this fails, `local.aws.redrive` is no longer needed."""
    assert not hasattr(stepfunctions, "_redrive_execution")
