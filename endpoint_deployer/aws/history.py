"""The history of an execution: what has happened, and what happens as it does."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from endpoint_deployer.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

SCHEDULED = frozenset({"LambdaFunctionScheduled", "TaskScheduled"})
"""An attempt of a task begins."""

FOLLOWED_SECONDS = 50 * 3600.0
"""How long an execution is followed at most; the state machine's own limit is an hour less."""

LOOK_SECONDS = 1.0
"""Seconds between two looks at a history, of which Step Functions answers 20 a second in an account."""

_PAGE = 100


class StillRunningError(CommandError):
    """An execution did not end in time."""


@dataclass(frozen=True)
class Moment:
    """Something that happened in an execution.

    Attributes:
        at: When.
        state: The state that it happened in; empty for the execution as a whole.
        kind: The history event's type, such as TaskStateEntered, LambdaFunctionFailed or ExecutionSucceeded.
        error: The error's name, for a failure.
        cause: What the error says, for a failure.
        data: The state's input or output, where the event has one.
    """

    at: datetime
    state: str
    kind: str
    error: str = ""
    cause: str = ""
    data: Any = None


def moments_of(states: Any, execution: str) -> Iterator[Moment]:
    """Yield what has happened in an execution so far.

    Args:
        states: A boto3 client of Step Functions.
        execution: The execution's ARN.
    """
    yield from _read(_events_after(states, execution, 0), "")


def follow(
    states: Any, execution: str, *, timeout: float = FOLLOWED_SECONDS, pause: float = LOOK_SECONDS
) -> Iterator[Moment]:
    """Yield what happens in an execution as it happens, until it ends.

    Args:
        states: A boto3 client of Step Functions.
        execution: The execution's ARN.
        timeout: Seconds after which to give up.
        pause: Seconds between two looks.

    Raises:
        StillRunningError: It did not end in time.
    """
    deadline = time.monotonic() + timeout
    seen, state = 0, ""
    while time.monotonic() < deadline:
        is_running = states.describe_execution(executionArn=execution)["status"] == "RUNNING"
        events = _events_after(states, execution, seen)
        for moment in _read(events, state):
            state = moment.state or state
            yield moment
        seen = events[-1]["id"] if events else seen
        if not is_running:
            return
        time.sleep(pause)
    raise StillRunningError(f"{execution} did not end within {timeout:g} s. It goes on; watch it again.")


def _read(events: list[dict[str, Any]], state: str) -> Iterator[Moment]:
    for event in events:
        details = _details(event)
        if event["type"].endswith("StateEntered"):
            state = details["name"]
        yield _moment(event, details, state)


def _events_after(states: Any, execution: str, seen: int) -> list[dict[str, Any]]:
    """Return the events that came after one, by its id; the newest are asked for first, as the others are known."""
    pages = states.get_paginator("get_execution_history").paginate(
        executionArn=execution, includeExecutionData=True, reverseOrder=True, PaginationConfig={"PageSize": _PAGE}
    )
    newest_first = (event for page in pages for event in page["events"])
    return [*takewhile(lambda event: event["id"] > seen, newest_first)][::-1]


def _details(event: dict[str, Any]) -> dict[str, Any]:
    return next((value for name, value in event.items() if name.endswith("EventDetails")), {})


def _moment(event: dict[str, Any], details: dict[str, Any], state: str) -> Moment:
    data = details.get("output", details.get("input"))
    return Moment(
        at=event["timestamp"],
        state="" if event["type"].startswith("Execution") else state,
        kind=event["type"],
        error=details.get("error", ""),
        cause=readable_cause(details.get("cause", "")),
        data=json.loads(data) if data else None,
    )


def readable_cause(cause: str) -> str:
    """Take the message out of the JSON in which Lambda reports an exception."""
    try:
        report = json.loads(cause)
    except ValueError:
        return cause
    return str(report.get("errorMessage", cause)) if isinstance(report, dict) else cause
