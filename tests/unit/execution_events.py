"""Factories of the events of an execution's history, as GetExecutionHistory returns them."""

from __future__ import annotations

import json

from deployer.json_document import Document

Event = Document


def entered(state: str, data: object = None, kind: str = "TaskStateEntered") -> Event:
    """Build the event that a state was entered, with the execution's data."""
    return {"type": kind, "stateEnteredEventDetails": {"name": state, "input": json.dumps(data or {})}}


def scheduled(token: str | None = "token", *, awaits_approval: bool = False) -> Event:  # noqa: S107 - it opens nothing
    """Build the event that the callback task for an endpoint, or for an approval, was scheduled with its token."""
    look = {} if awaits_approval else {"RequestedAt": "2026-11-24T12:00:00+00:00", "LookSeconds": 60}
    payload = {"Plan": {}, **look, **({"TaskToken": token} if token else {})}
    parameters = json.dumps({"FunctionName": "describe", "Payload": payload})
    return {"type": "TaskScheduled", "taskScheduledEventDetails": {"parameters": parameters}}


def failed(error: str, cause: str = "why") -> Event:
    """Build the last event of an execution that failed."""
    return {"type": "ExecutionFailed", "executionFailedEventDetails": {"error": error, "cause": cause}}


def of(*types: str) -> list[Event]:
    """Build events without details."""
    return [{"type": each} for each in types]
