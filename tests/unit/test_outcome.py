"""How an execution ends, in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deployer.diagnosis import NEXT_ACTIONS, CauseClass
from deployer.errors import MESSAGE_BYTES
from deployer.json_document import Document
from deployer.outcome import conclude, endpoint_name_of, readable_cause

EXECUTION = {
    "Id": "arn:aws:states:us-east-1:111122223333:execution:deploy:run-1",
    "Name": "run-1",
    "StartTime": "2026-11-24T12:00:00Z",
}
PLAN = {
    "Action": "Create",
    "RequestId": "event-1",
    "EndpointName": "churn",
    "Revision": "churn-1",
    "RequestedAt": "2026-11-24T11:59:58Z",
}
UPLOAD = {
    "id": "event-7",
    "detail-type": "Object Created",
    "detail": {"bucket": {"name": "artifacts"}, "object": {"key": "models/churn/v2/deployment.yaml"}},
}


def failure(error: str, message: str = "why") -> dict[str, str]:
    """Build a failure as Step Functions passes it on."""
    return {"Error": error, "Cause": json.dumps({"errorMessage": message, "errorType": error, "stackTrace": []})}


def report(**changed: Any) -> Document:
    """Build what the state AnnounceOutcome passes on of an execution that has succeeded."""
    common = {"Plan": PLAN, "Failure": None, "Restore": None, "RestoreFailure": None}
    return {**common, "Execution": EXECUTION, "Now": "2026-11-24T12:03:30Z", **changed}


def rejection(trigger: object, error: str = "InvalidRequestError") -> Document:
    """Build what the state AnnounceRejection passes on."""
    return {"Input": trigger, "Failure": failure(error), "Execution": EXECUTION, "Now": "2026-11-24T12:00:01Z"}


@pytest.mark.parametrize(
    ("action", "error", "expected"),
    [
        ("Create", None, "Deployed"),
        ("Update", None, "Deployed"),
        ("Resume", None, "Deployed"),
        ("NothingToDo", None, "NothingToDo"),
        ("Superseded", None, "Superseded"),
        ("AwaitingArtifact", None, "AwaitingArtifact"),
        ("Planned", None, "Planned"),
        ("Update", "InvalidRequestError", "Rejected"),
        ("Update", "DeploymentTimedOutError", "TimedOut"),
        ("Update", "DeploymentSupersededError", "Superseded"),
        ("Update", "SageMakerRejectedError", "Failed"),
        ("Update", "States.Timeout", "Failed"),
    ],
)
def test_every_end_has_a_name(action: str, error: str | None, expected: str) -> None:
    ended = report(Plan={**PLAN, "Action": action}, Failure=failure(error) if error else None)

    assert conclude(ended, "models/")["Outcome"] == expected


def test_event_has_names_and_times() -> None:
    detail = conclude(report(Failure=failure("EndpointFailedError", "No luck.")), "models/")

    assert detail == {
        "Outcome": "Failed",
        "RequestId": "event-1",
        "EndpointName": "churn",
        "Revision": "churn-1",
        "RequestedAt": "2026-11-24T11:59:58Z",
        "Execution": EXECUTION["Id"],
        "StartedAt": "2026-11-24T12:00:00+00:00",
        "DurationSeconds": 210.0,
        "Error": "EndpointFailedError",
        "Cause": "No luck.",
        "CauseClass": "Unknown",
        "NextAction": NEXT_ACTIONS[CauseClass.UNKNOWN],
        "Summary": f"Endpoint churn: a deployment failed (Unknown). No luck. Next: {NEXT_ACTIONS[CauseClass.UNKNOWN]}",
    }


def test_event_of_a_dry_run_names_fields_without_values() -> None:
    changes = [{"Path": f"Tags.tag-{number}", "After": "confidential"} for number in range(60)]
    preview = {"Action": "Update", "Creates": {"Models": ["churn-m-1"]}, "Changes": changes, "Copies": []}

    detail = conclude(report(Plan={**PLAN, "Action": "Planned", "Preview": preview}), "models/")

    assert detail["Planned"] == {
        "Action": "Update",
        "Creates": {"Models": ["churn-m-1"]},
        "Changes": [f"Tags.tag-{number}" for number in range(50)],
    }
    assert "confidential" not in json.dumps(detail)


def test_event_has_the_restored_config() -> None:
    restored = report(Failure=failure("SmokeTestFailedError"), Restore={"Done": True, "Restored": "churn-0"})

    assert conclude(restored, "models/")["Restored"] == "churn-0"


def test_event_has_the_cause_of_a_failed_restoration() -> None:
    failed = report(Failure=failure("SmokeTestFailedError"), RestoreFailure=failure("AccessDeniedError", "not allowed"))

    detail = conclude(failed, "models/")

    assert (detail["Error"], detail["RestoreError"]) == ("SmokeTestFailedError", "AccessDeniedError")
    assert detail["RestoreCause"] == "not allowed"


def test_rejected_upload_is_named_by_its_event_and_folder() -> None:
    """The outcome names the rejected upload, even though nothing could be planned."""
    detail = conclude(rejection(UPLOAD), "models/")

    assert (detail["Outcome"], detail["RequestId"], detail["EndpointName"]) == ("Rejected", "event-7", "churn")
    assert "Revision" not in detail


def test_event_holds_nothing_of_the_request_but_names() -> None:
    request = {"EndpointName": "churn", "Models": {"m": {"PrimaryContainer": {"Environment": {"PASSWORD": "hunter2"}}}}}

    assert "hunter2" not in json.dumps(conclude(rejection(request), "models/"))


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        pytest.param(UPLOAD, "churn", id="upload"),
        pytest.param({**UPLOAD, "detail": {"object": {"key": "elsewhere/churn/x"}}}, None, id="upload elsewhere"),
        pytest.param({**UPLOAD, "detail": {"object": {"key": "models//x"}}}, None, id="upload without a folder"),
        pytest.param({**UPLOAD, "detail": {"object": {"key": "models/not_a_name/x"}}}, None, id="invalid folder"),
        pytest.param({**UPLOAD, "detail": {"object": {}}}, None, id="upload without a key"),
        pytest.param(
            {"detail-type": "SageMaker Model Package State Change", "detail": {"ModelPackageGroupName": "churn"}},
            "churn",
            id="model package",
        ),
        pytest.param(
            {"detail-type": "Endpoint Deployment Requested", "detail": {"EndpointName": "churn"}}, "churn", id="event"
        ),
        pytest.param({"EndpointName": "churn"}, "churn", id="manual"),
        pytest.param({"EndpointName": ["churn"]}, None, id="no text"),
        pytest.param({"EndpointName": "x" * 64}, None, id="too long"),
        pytest.param({"detail-type": "E", "detail": "text"}, None, id="detail without members"),
        pytest.param("text", None, id="no object"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_endpoint_is_known_by_the_input(trigger: object, expected: str | None) -> None:
    assert endpoint_name_of(trigger, "models/") == expected


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        pytest.param(
            '{"errorMessage": "Could not find \\"it\\".", "errorType": "E"}', 'Could not find "it".', id="Lambda"
        ),
        pytest.param("Task timed out", "Task timed out", id="plain text"),
        pytest.param("[1]", "[1]", id="other JSON"),
        pytest.param('{"errorMessage": null}', '{"errorMessage": null}', id="no message"),
    ],
)
def test_cause_is_made_readable(cause: str, expected: str) -> None:
    """Lambda wraps an exception's message in JSON; people get the message."""
    assert readable_cause(cause) == expected


@pytest.mark.parametrize("cause", ["\n".join(["x" * 100] * 2_000), "ü" * 40_000], ids=["many lines", "one long line"])
def test_cause_is_bounded(cause: str) -> None:
    assert len(json.dumps(readable_cause(cause))) <= MESSAGE_BYTES
