"""How an execution ends: one of a few named outcomes, in words that a person can act on. Pure."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

CAUSE_LENGTH = 8192
"""Characters of a cause that are passed on; an event of EventBridge may have 256 KiB in all."""


class Outcome(StrEnum):
    """The name of an execution's last state, and of what the event on the bus says."""

    DEPLOYED = "Deployed"
    NOTHING_TO_DO = "NothingToDo"
    SUPERSEDED = "Superseded"
    AWAITING_ARTIFACT = "AwaitingArtifact"
    REJECTED = "Rejected"
    TIMED_OUT = "TimedOut"
    FAILED = "Failed"


_OUTCOMES_OF_ERRORS = {
    "InvalidRequestError": Outcome.REJECTED,
    "DeploymentTimedOutError": Outcome.TIMED_OUT,
    "DeploymentSupersededError": Outcome.SUPERSEDED,
}
_OUTCOMES_OF_ACTIONS = {
    "NothingToDo": Outcome.NOTHING_TO_DO,
    "Confirm": Outcome.NOTHING_TO_DO,
    "Superseded": Outcome.SUPERSEDED,
    "AwaitingArtifact": Outcome.AWAITING_ARTIFACT,
}


def conclude(data: dict[str, Any], request: object, execution: dict[str, str], now: datetime) -> dict[str, Any]:
    """Put the outcome of an execution into words.

    Args:
        data: The execution's data: what was planned, and the failure if there was one.
        request: The execution's input.
        execution: Its `Id`, `Name` and `StartTime`.
        now: When it ends.

    Returns:
        The detail of the event that announces it. It holds nothing of the request but names: values such as a
        container's environment may be secret.
    """
    plan, failure = data.get("Plan", {}), data.get("Failure")
    started_at = datetime.fromisoformat(execution["StartTime"])
    detail: dict[str, Any] = {
        "Outcome": _outcome(plan, failure),
        "RequestId": plan.get("RequestId") or _event_id(request) or execution["Name"],
        "EndpointName": plan.get("EndpointName"),
        "Revision": plan.get("Revision") or None,
        "RequestedAt": plan.get("RequestedAt"),
        "Execution": execution["Id"],
        "StartedAt": started_at.astimezone(UTC).isoformat(),
        "DurationSeconds": round((now - started_at).total_seconds(), 3),
    }
    if failure:
        detail |= {"Error": failure["Error"], "Cause": readable_cause(failure.get("Cause", ""))}
    if undo_failure := data.get("UndoFailure"):
        detail |= {"UndoError": undo_failure["Error"], "Left": [plan["Revision"], *_model_names(plan)]}
    elif left := data.get("Undo", {}).get("Left"):
        detail["Left"] = left
    if retirement_failure := data.get("RetirementFailure"):
        detail["RetirementError"] = retirement_failure["Error"]
    return {member: value for member, value in detail.items() if value is not None}


def readable_cause(cause: str) -> str:
    """Take the message out of the JSON in which Lambda reports an exception; other causes are readable as they are."""
    try:
        report = json.loads(cause)
    except ValueError:
        report = None
    message = report.get("errorMessage") if isinstance(report, dict) else None
    return (message if isinstance(message, str) else cause)[:CAUSE_LENGTH]


def _outcome(plan: dict[str, Any], failure: dict[str, str] | None) -> Outcome:
    if failure:
        return _OUTCOMES_OF_ERRORS.get(failure["Error"], Outcome.FAILED)
    return _OUTCOMES_OF_ACTIONS.get(plan["Action"], Outcome.DEPLOYED)


def _model_names(plan: dict[str, Any]) -> list[str]:
    return [model["ModelName"] for model in plan["Models"]]


def _event_id(request: object) -> str | None:
    event_id = request.get("id") if isinstance(request, dict) and "detail-type" in request else None
    return event_id if isinstance(event_id, str) else None
