"""Reads an execution's history: the task that waits, and how the execution ended. Pure.

The events are those of the Step Functions API Reference, HistoryEvent.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from deployer.json_document import Document
from deployer.outcome import EXECUTION_TIMED_OUT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_END_STATES = frozenset({"Rejected", "TimedOut", "Failed"})
"""The Fail states that follow an announcement."""

_ANNOUNCING_STATES = frozenset({"AnnounceOutcome", "AnnounceRejection"})

_RESTORING_STATES = frozenset({"RestoreEndpoint", "IsRestored", "WaitForRestoration"})
"""Errors of the announcement itself, which are not the reason why the deployment failed."""

_OF_WAITING_TASK = frozenset({"TaskStarted", "TaskSubmitted"})
"""The events after `TaskScheduled` while a task waits for its token."""

_QUOTES_NOTHING = "States.DataLimitExceeded"
"""The error of Step Functions whose cause names only a state; causes of others quote the execution's data."""


def waiting_task(events: Sequence[Mapping[str, Any]]) -> Document:
    """Return the payload, with its `TaskToken`, of the task that an execution waits for; an empty one if for none.

    Args:
        events: The newest events, the newest first.
    """
    for event in events:
        if event["type"] == "TaskScheduled":
            payload = _parse(event["taskScheduledEventDetails"].get("parameters")).get("Payload")
            return payload if isinstance(payload, dict) and isinstance(payload.get("TaskToken"), str) else {}
        if event["type"] not in _OF_WAITING_TASK:
            break
    return {}


def is_announced(events: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether an execution has put its own event on the bus before it ended.

    Args:
        events: The newest events, the newest first.
    """
    has_succeeded = False
    for event in events:
        if event["type"].endswith("StateEntered"):
            name = event["stateEnteredEventDetails"]["name"]
            return name in _END_STATES or name == "EndAsAnnounced" or (name in _ANNOUNCING_STATES and has_succeeded)
        has_succeeded = has_succeeded or event["type"] in {"LambdaFunctionSucceeded", "TaskSucceeded"}
    return False


def report_of(detail: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> Document:
    """Collect what `deployer.outcome.conclude` needs about an execution that ended without an announcement.

    Args:
        detail: The detail of the event "Step Functions Execution Status Change". Large inputs are missing in it.
        events: The newest events of the execution, the newest first.
    """
    entered = _first_details(events, "stateEnteredEventDetails")
    data, failure = _parse(entered.get("input")), _failure_of(detail, events)
    report = {
        "Execution": {
            "Id": detail["executionArn"],
            "Name": detail["name"],
            "StartTime": _moment(detail["startDate"]),
        },
        "Now": _moment(detail["stopDate"]),
        "Input": _parse(detail.get("input")),
        "Plan": data.get("Plan"),
        "Failure": data.get("Failure") or failure,
        "Restore": data.get("Restore"),
        "RestoreFailure": data.get("RestoreFailure"),
    }
    if entered.get("name") in _RESTORING_STATES:
        report["RestoreFailure"] = data.get("RestoreFailure") or failure
    return report


def _failure_of(detail: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> Document:
    if detail["status"] == "TIMED_OUT":
        return {"Error": EXECUTION_TIMED_OUT, "Cause": "The execution did not end within its TimeoutSeconds."}
    ended = _first_details(events, "executionFailedEventDetails")
    error = ended.get("error") or "States.Runtime"
    cause = ended.get("cause", "") if error == _QUOTES_NOTHING else "See the execution's history for the cause."
    return {"Error": error, "Cause": cause}


def _first_details(events: Sequence[Mapping[str, Any]], member: str) -> Document:
    return next((event[member] for event in events if member in event), {})


def _parse(text: object) -> Document:
    """Parse a JSON object; an empty one where there is none, or only a part of one."""
    try:
        parsed = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        parsed = None
    return parsed if isinstance(parsed, dict) else {}


def _moment(milliseconds: float) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()
