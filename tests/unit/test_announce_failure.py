"""AnnounceFailure: which executions are announced after their end, and what the event holds."""

from __future__ import annotations

import json
from typing import Any

import pytest

import announce_failure
from deployer import announcement
from deployer.diagnosis import NEXT_ACTIONS, CauseClass
from deployer.execution_history import is_announced
from deployer.json_document import Document
from tests.unit.execution_events import Event, entered, failed, of
from tests.unit.lambda_context import lambda_context

EXECUTION = "arn:aws:states:us-east-1:111122223333:execution:deploy:run-1"
PLAN = {
    "Action": "Update",
    "RequestId": "event-1",
    "EndpointName": "churn",
    "Revision": "churn-20261124T120000-0123456789ab",
    "RequestedAt": "2026-11-24T12:00:00Z",
    "Request": {"Models": {"m": {"PrimaryContainer": {"Environment": {"PASSWORD": "hunter2"}}}}},
}
FAILURE = {"Error": "SmokeTestFailedError", "Cause": json.dumps({"errorMessage": "answered wrongly"})}
TOO_LARGE = failed("States.DataLimitExceeded", "The state 'SmokeTestEndpoint' returned too much.")


class FakeBus:
    """An event bus that remembers what it took."""

    def __init__(self) -> None:
        self.details: list[Document] = []

    def put(self, _detail_type: str, detail: Document, _resources: list[str]) -> None:
        """Take an event."""
        self.details.append(detail)


class FakeExecutions:
    """Step Functions with one execution."""

    def __init__(self, events: list[Event]) -> None:
        self.events = events

    def newest_events(self, _execution: str, count: int) -> list[Event]:
        """Return its history."""
        return self.events[:count]


def announced(
    monkeypatch: pytest.MonkeyPatch, events: list[Event], status: str = "FAILED", **detail: Any
) -> list[Document]:
    """Invoke the function for an execution; return what it announced."""
    bus = FakeBus()
    monkeypatch.setattr(announce_failure, "executions", lambda: FakeExecutions(events))
    monkeypatch.setattr(announcement, "event_bus", lambda: bus)
    monkeypatch.setenv("ARTIFACT_PREFIX", "models/")
    monkeypatch.setenv("STACK_NAME", "deployer")
    common = {"executionArn": EXECUTION, "name": "run-1", "startDate": 1_795_521_600_000, "stopDate": 1_795_521_660_500}
    context = lambda_context("announce_failure")
    answer = announce_failure.handler({"detail": {**common, "status": status, **detail}}, context)
    assert answer == {"Announced": bool(bus.details)}
    return bus.details


def test_execution_whose_data_were_too_large_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [TOO_LARGE, *of("LambdaFunctionSucceeded"), entered("SmokeTestEndpoint", {"Plan": PLAN, "Failure": None})]

    (detail,) = announced(monkeypatch, events)

    assert detail == {
        "Outcome": "Failed",
        "RequestId": "event-1",
        "EndpointName": "churn",
        "Revision": PLAN["Revision"],
        "RequestedAt": PLAN["RequestedAt"],
        "Execution": EXECUTION,
        "StartedAt": "2026-11-24T12:00:00+00:00",
        "DurationSeconds": 60.5,
        "Error": "States.DataLimitExceeded",
        "Cause": "The state 'SmokeTestEndpoint' returned too much.",
        "CauseClass": "Unknown",
        "NextAction": NEXT_ACTIONS[CauseClass.UNKNOWN],
        "Summary": (
            "Endpoint churn: a deployment failed (Unknown). The state 'SmokeTestEndpoint' returned too much. Next: "
            + NEXT_ACTIONS[CauseClass.UNKNOWN]
        ),
    }


def test_input_stands_in_for_a_missing_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """The input is left out of the event if it is large."""
    upload = {"detail-type": "Object Created", "id": "event-7", "detail": {"object": {"key": "models/churn/a.tar.gz"}}}
    events = [TOO_LARGE, entered("PlanDeployment", {"Failure": None})]

    (with_input,) = announced(monkeypatch, events, input=json.dumps(upload))
    (without,) = announced(monkeypatch, events)

    assert (with_input["RequestId"], with_input["EndpointName"]) == ("event-7", "churn")
    assert without["RequestId"] == "run-1"
    assert "EndpointName" not in without


def test_execution_that_timed_out_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    (detail,) = announced(
        monkeypatch, [*of("ExecutionTimedOut"), entered("WaitForOtherDeployment", {"Plan": PLAN})], "TIMED_OUT"
    )

    assert (detail["Outcome"], detail["Error"], detail["EndpointName"]) == ("TimedOut", "ExecutionTimedOut", "churn")


def test_failure_that_the_bus_did_not_take_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    data = {"Plan": PLAN, "Failure": FAILURE, "Restore": {"Done": True, "Restored": "before"}, "RestoreFailure": None}
    events = [failed("SmokeTestFailedError"), entered("FailedUnannounced", data, "FailStateEntered")]

    (detail,) = announced(monkeypatch, events)

    assert (detail["Error"], detail["Cause"], detail["Restored"]) == (
        "SmokeTestFailedError",
        "answered wrongly",
        "before",
    )
    assert "RestoreError" not in detail


def test_failed_restoration_is_reported_beside_the_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    (detail,) = announced(monkeypatch, [TOO_LARGE, entered("RestoreEndpoint", {"Plan": PLAN, "Failure": FAILURE})])

    assert (detail["Error"], detail["RestoreError"]) == ("SmokeTestFailedError", "States.DataLimitExceeded")


def test_rejection_that_was_too_large_to_announce_itself_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    rejected = {"Failure": {"Error": "InvalidRequestError", "Cause": "Models: too many"}}

    (detail,) = announced(monkeypatch, [TOO_LARGE, entered("AnnounceRejection", rejected)])

    assert (detail["Outcome"], detail["Cause"]) == ("Rejected", "Models: too many")
    assert "RestoreError" not in detail


def test_causes_that_may_quote_the_request_are_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    quoting = failed("States.Runtime", f"The JSONPath '$.x' could not be found in the input '{json.dumps(PLAN)}'")

    (detail,) = announced(monkeypatch, [quoting, entered("IsInService", {"Plan": PLAN}, "ChoiceStateEntered")])

    assert detail["Error"] == "States.Runtime"
    assert "hunter2" not in json.dumps(detail)


ANNOUNCED: dict[str, list[Event]] = {
    "Fail state": [failed("E"), entered("Failed", kind="FailStateEntered")],
    "rejected": [failed("E"), entered("Rejected", kind="FailStateEntered")],
    "timed out at its deadline": [failed("E"), entered("TimedOut", kind="FailStateEntered")],
    "failed while it chose its end": [failed("E"), entered("EndAsAnnounced", kind="ChoiceStateEntered")],
    "failed on the result of the announcement": [
        failed("E"),
        *of("LambdaFunctionSucceeded"),
        entered("AnnounceOutcome"),
    ],
}
UNANNOUNCED: dict[str, list[Event]] = {
    "unannounced": [failed("E"), entered("FailedUnannounced", kind="FailStateEntered")],
    "failed before the announcement": [failed("E"), entered("AnnounceOutcome")],
    "failed at the announcement": [failed("E"), *of("LambdaFunctionFailed"), entered("AnnounceOutcome")],
    "failed on the result of another step": [failed("E"), *of("LambdaFunctionSucceeded"), entered("CreateModels")],
    "no history": [],
}


@pytest.mark.parametrize("events", ANNOUNCED.values(), ids=ANNOUNCED)
def test_nothing_is_announced_twice(monkeypatch: pytest.MonkeyPatch, events: list[Event]) -> None:
    assert is_announced(events)
    assert announced(monkeypatch, events) == []


@pytest.mark.parametrize("events", UNANNOUNCED.values(), ids=UNANNOUNCED)
def test_unannounced_failure_is_announced(monkeypatch: pytest.MonkeyPatch, events: list[Event]) -> None:
    (detail,) = announced(monkeypatch, events)

    assert detail["Outcome"] == "Failed"
