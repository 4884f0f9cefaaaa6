"""The commands approve and reject: which token is returned, with what, and when there is nothing to answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from typer.testing import CliRunner

from endpoint_deployer.app import app
from endpoint_deployer.aws.stack import Stack
from endpoint_deployer.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:deploy"
EXECUTION = "arn:aws:states:us-east-1:111122223333:execution:deploy:run-1"
CALLER = "arn:aws:sts::111122223333:assumed-role/admin/ann"


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """The answers of Step Functions in order; the stack and the caller are known."""
    clients: dict[str, Any] = {name: boto3.client(name) for name in ("stepfunctions", "sts")}
    monkeypatch.setattr(Stack, "client", lambda _, service: clients[service])
    monkeypatch.setattr(Stack, "state_machine", MACHINE)
    monkeypatch.setattr(Stack, "prefix", "models/")
    monkeypatch.setattr(Stack, "caller_arn", CALLER)
    with Stubber(clients["stepfunctions"]) as stubber:
        stubber.add_response(
            "describe_execution",
            {
                "executionArn": EXECUTION,
                "stateMachineArn": MACHINE,
                "name": "run-1",
                "status": "RUNNING",
                "startDate": NOW,
                "input": json.dumps({"EndpointName": "churn"}),
            },
        )
        yield stubber
        stubber.assert_no_pending_responses()


def history(state: str, *tokens: str) -> dict[str, Any]:
    """Build the newest events of an execution that waits in a state, whose task was scheduled with these tokens."""
    entered: dict[str, Any] = {"stateEnteredEventDetails": {"name": state, "input": "{}"}, "type": "TaskStateEntered"}
    scheduled: list[dict[str, Any]] = [
        {
            "type": "TaskScheduled",
            "taskScheduledEventDetails": {
                "resourceType": "lambda",
                "resource": "invoke.waitForTaskToken",
                "region": "us-east-1",
                "parameters": json.dumps({"FunctionName": "f", "Payload": {"TaskToken": token}}),
            },
        }
        for token in tokens
    ]
    events = [entered, *scheduled, {"type": "TaskSubmitted"}]
    return {"events": [{"id": number, "timestamp": NOW, **event} for number, event in enumerate(events, 1)][::-1]}


def expected(token: str, decision: str) -> dict[str, str]:
    """Build the call that answers."""
    answer = {"Decision": decision, "By": CALLER, "Comment": "why not"}
    return {"taskToken": token, "output": json.dumps(answer)}


@pytest.mark.parametrize(("command", "decision"), [("approve", "Approve"), ("reject", "Reject")])
def test_newest_token_is_returned_with_the_person_and_the_comment(states: Stubber, command: str, decision: str) -> None:
    """A task that was tried again has several."""
    states.add_response("get_execution_history", history("AwaitApproval", "older", "newest"))
    states.add_response("send_task_success", {}, expected("newest", decision))

    result = CliRunner().invoke(app, [command, EXECUTION, "--comment", "why not"])

    assert result.exit_code == 0, result.exception
    assert f"{decision}: churn" in result.output


def test_answer_that_comes_while_the_execution_looks_is_given_again(states: Stubber) -> None:
    states.add_response("get_execution_history", history("AwaitApproval", "old"))
    states.add_client_error("send_task_success", "TaskTimedOut")
    states.add_response("get_execution_history", history("AwaitApproval", "new"))
    states.add_response("send_task_success", {}, expected("new", "Approve"))

    assert CliRunner().invoke(app, ["approve", EXECUTION, "--comment", "why not"]).exit_code == 0


def test_execution_that_waits_for_its_endpoint_is_not_answered(states: Stubber) -> None:
    """Its token is for WakeExecution."""
    for _ in range(2):
        states.add_response("get_execution_history", history("DescribeEndpoint", "token"))

    result = CliRunner().invoke(app, ["approve", EXECUTION])

    assert isinstance(result.exception, CommandError)
    assert "run-1 does not wait for approval; it is in DescribeEndpoint" in str(result.exception)
