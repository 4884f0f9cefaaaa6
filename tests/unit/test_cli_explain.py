"""What `explain` gathers of an execution, with a stack in memory."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from endpoint_deployer.aws.runs import Run, Runs
from endpoint_deployer.commands.explaining import _lines, explanation_of

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ARN = "arn:aws:states:us-east-1:111122223333:execution:deploy:run-1"
DATA: dict[str, Any] = {
    "Plan": {"Request": {"DeploymentConfig": {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "churn-5xx"}]}}}},
    "Outcome": {"CauseClass": "Alarm", "NextAction": "Look at the alarm.", "Restored": "churn-1"},
}


def denied(operation: str) -> ClientError:
    """Build a denial."""
    return ClientError({"Error": {"Code": "AccessDenied", "Message": "not allowed"}}, operation)


class Client:
    """All clients of a stack in one: what they answer is fixed."""

    def __init__(self, *, is_denied: bool = False) -> None:
        self.is_denied = is_denied

    def describe_endpoint(self, **_: Any) -> dict[str, Any]:
        """Describe the endpoint."""
        return {"EndpointName": "churn", "EndpointStatus": "InService"}

    def get_execution_history(self, **_: Any) -> dict[str, Any]:
        """Return the newest event of the execution's history."""
        entered = {"name": "Failed", "input": json.dumps(DATA)}
        return {"events": [{"type": "FailStateEntered", "timestamp": NOON, "stateEnteredEventDetails": entered}]}

    def get_paginator(self, _operation: str) -> Client:
        """Return what pages."""
        return self

    def paginate(self, **given: Any) -> list[dict[str, Any]]:
        """Return the history of an alarm."""
        if self.is_denied:
            raise denied("DescribeAlarmHistory")
        changes = {"OK": "fine", "ALARM": "many [errors]"} if given["AlarmName"] == "churn-5xx" else {}
        items = [
            {"Timestamp": NOON, "HistoryData": json.dumps({"newState": {"stateValue": state, "stateReason": reason}})}
            for state, reason in changes.items()
        ]
        return [{"AlarmHistoryItems": items}]

    def describe_log_streams(self, **_: Any) -> dict[str, Any]:
        """Name the streams of the old fleet, and of two instances of the new one."""
        if self.is_denied:
            raise denied("DescribeLogStreams")
        made = {"old": -60, "second": 30, "first": 20}
        moments = {name: int((NOON + timedelta(seconds=after)).timestamp() * 1000) for name, after in made.items()}
        return {"logStreams": [{"logStreamName": name, "creationTime": at} for name, at in moments.items()]}

    def get_log_events(self, **given: Any) -> dict[str, Any]:
        """Return the last lines of a stream."""
        return {"events": [{"message": f"Traceback of {given['logStreamName']}\n"}]}


def explained(client: Client, **changed: Any) -> dict[str, Any]:
    """Explain an execution that an alarm has ended."""
    stack: Any = SimpleNamespace(
        client=lambda _: client, name="mine", prefix="models/", bucket="artifacts", state_machine=""
    )
    described = {
        "executionArn": ARN,
        "name": "run-1",
        "status": "FAILED",
        "startDate": NOON,
        "stopDate": NOON + timedelta(minutes=5),
        "input": json.dumps({"EndpointName": "churn"}),
        "error": "UpdateRolledBackError",
        "cause": "It serves churn-1 again.",
        **changed,
    }
    return explanation_of(stack, Runs(stack), Run(described, "models/"))


def test_explanation_has_the_error_its_meaning_the_alarm_and_the_log_of_the_new_fleet() -> None:
    found = explained(Client())

    assert (found["Outcome"], found["Error"]) == ("Failed", "UpdateRolledBackError")
    assert found["Meaning"]["what to do"].startswith("Read the reason")
    assert found["Alarms"] == [{"AlarmName": "churn-5xx", "At": NOON.isoformat(), "Reason": "many [errors]"}]
    assert found["LogLines"] == ["Traceback of first"]
    assert (found["CauseClass"], found["NextAction"], found["Restored"]) == ("Alarm", "Look at the alarm.", "churn-1")


def test_stopped_execution_is_explained_with_its_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DATA, "Outcome", None)

    found = explained(Client(), status="ABORTED", error="", cause="")

    assert found["Outcome"] == "Stopped"
    assert found["NextAction"].endswith("endpoint-deployer retry run-1")


def test_explanation_is_printed_line_by_line() -> None:
    lines = _lines(explained(Client()))

    assert lines[0] == "[bold]churn Failed[/] UpdateRolledBackError"
    assert "  It serves churn-1 again." in lines
    assert f"  churn-5xx went into ALARM at {NOON.isoformat()}: many \\[errors]" in lines
    assert lines[-1] == "  Traceback of first"


@pytest.mark.parametrize("call", ["DescribeAlarmHistory", "DescribeLogStreams"])
def test_denied_call_is_named_and_the_rest_is_explained(call: str) -> None:
    found = explained(Client(is_denied=True))

    assert found["Meaning"]
    assert f"{call}: not allowed" in found["Unread"]
    assert f"[yellow]![/] not read: {call}: not allowed" in _lines(found)
