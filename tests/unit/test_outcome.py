"""How an execution ends, in words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from deployer.outcome import CAUSE_LENGTH, conclude, readable_cause

EXECUTION = {
    "Id": "arn:aws:states:us-east-1:111122223333:execution:deploy:run-1",
    "Name": "run-1",
    "StartTime": "2026-11-24T12:00:00Z",
}
LATER = datetime(2026, 11, 24, 12, 3, 30, tzinfo=UTC)
PLAN = {
    "Action": "Create",
    "RequestId": "event-1",
    "EndpointName": "churn",
    "Revision": "churn-1",
    "Models": ["secret"],
}


def failure(error: str, message: str = "why") -> dict[str, str]:
    """Build a failure as Step Functions passes it on."""
    return {"Error": error, "Cause": json.dumps({"errorMessage": message, "errorType": error, "stackTrace": []})}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"Plan": PLAN}, "Deployed"),
        ({"Plan": {**PLAN, "Action": "Update"}}, "Deployed"),
        ({"Plan": {**PLAN, "Action": "NothingToDo"}}, "NothingToDo"),
        ({"Plan": {**PLAN, "Action": "Superseded"}}, "Superseded"),
        ({"Plan": {**PLAN, "Action": "AwaitingArtifact"}}, "AwaitingArtifact"),
        ({"Failure": failure("InvalidRequestError")}, "Rejected"),
        ({"Plan": PLAN, "Failure": failure("DeploymentTimedOutError")}, "TimedOut"),
        ({"Plan": PLAN, "Failure": failure("SageMakerRejectedError")}, "Failed"),
        ({"Plan": PLAN, "Failure": {"Error": "States.Timeout", "Cause": ""}}, "Failed"),
    ],
)
def test_every_end_has_a_name(data: dict[str, Any], expected: str) -> None:
    """The outcome follows from the plan and the failure."""
    assert conclude(data, {}, EXECUTION, LATER)["Outcome"] == expected


def test_the_event_tells_names_and_times_and_nothing_of_the_request() -> None:
    """Values of a request may be secret, so only names go out."""
    detail = conclude({"Plan": PLAN, "Failure": failure("EndpointFailedError", "No luck.")}, {}, EXECUTION, LATER)

    assert detail == {
        "Outcome": "Failed",
        "RequestId": "event-1",
        "EndpointName": "churn",
        "Revision": "churn-1",
        "Execution": EXECUTION["Id"],
        "StartedAt": "2026-11-24T12:00:00+00:00",
        "DurationSeconds": 210.0,
        "Error": "EndpointFailedError",
        "Cause": "No luck.",
    }


def test_a_rejected_event_is_told_by_its_id() -> None:
    """Whoever sent an event can tell which one was rejected, even though nothing could be planned."""
    event = {"id": "event-7", "detail-type": "Endpoint Deployment Requested"}

    detail = conclude({"Failure": failure("InvalidRequestError")}, event, EXECUTION, LATER)

    assert detail["RequestId"] == "event-7"


def test_what_could_not_be_retired_is_told() -> None:
    """The deployment has succeeded all the same, but somebody may want to know why old revisions stay."""
    detail = conclude({"Plan": PLAN, "RetirementFailure": failure("AccessDeniedError")}, {}, EXECUTION, LATER)

    assert (detail["Outcome"], detail["RetirementError"]) == ("Deployed", "AccessDeniedError")
    assert "Error" not in detail


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        pytest.param(
            '{"errorMessage": "Could not find \\"it\\".", "errorType": "E"}', 'Could not find "it".', id="Lambda"
        ),
        pytest.param("Task timed out", "Task timed out", id="plain text"),
        pytest.param("[1]", "[1]", id="other JSON"),
        pytest.param('{"errorMessage": null}', '{"errorMessage": null}', id="no message"),
        pytest.param("x" * 2 * CAUSE_LENGTH, "x" * CAUSE_LENGTH, id="long"),
    ],
)
def test_a_cause_is_made_readable(cause: str, expected: str) -> None:
    """Lambda wraps an exception's message in JSON; people get the message."""
    assert readable_cause(cause) == expected
