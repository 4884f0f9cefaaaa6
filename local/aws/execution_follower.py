"""Executions of a state machine, followed through their history."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

from local.aws.errors import LocalAwsError
from local.json_document import Document

_LOOK_SECONDS = 0.1
_PAGE = 20


class ExecutionMissingError(LocalAwsError):
    """No execution that was looked for started in time."""


class ExecutionRunningError(LocalAwsError):
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


def wait_for_execution(states: Any, state_machine: str, fits: Callable[[Any], bool], *, timeout: float) -> str:
    """Wait for an execution with a fitting input to start, and return its ARN.

    Args:
        states: A boto3 client of Step Functions.
        state_machine: The ARN of its state machine.
        fits: Callback: returns whether an input, as JSON, is that of the execution.
        timeout: Seconds to wait at most.

    Raises:
        ExecutionMissingError: None started in time.
    """
    deadline = time.monotonic() + timeout
    others: set[str] = set()
    while time.monotonic() < deadline:
        for execution in states.list_executions(stateMachineArn=state_machine)["executions"]:
            arn: str = execution["executionArn"]
            if arn in others:
                continue
            if fits(json.loads(states.describe_execution(executionArn=arn)["input"])):
                return arn
            others.add(arn)
        time.sleep(_LOOK_SECONDS)
    raise ExecutionMissingError(f"No such execution started within {timeout:g} s")


def follow(states: Any, execution: str, *, timeout: float) -> Iterator[Moment]:
    """Yield what happens in an execution as it happens, until it ends.

    Args:
        states: A boto3 client of Step Functions.
        execution: The execution's ARN.
        timeout: Seconds after which to give up.

    Raises:
        ExecutionRunningError: It did not end in time.
    """
    deadline = time.monotonic() + timeout
    seen, state = 0, ""
    while time.monotonic() < deadline:
        is_running = states.describe_execution(executionArn=execution)["status"] == "RUNNING"
        for event in _events_after(states, execution, seen):
            seen = event["id"]
            details = _details(event)
            if event["type"].endswith("StateEntered"):
                state = details["name"]
            yield _moment(event, details, state)
        if not is_running:
            return
        time.sleep(_LOOK_SECONDS)
    raise ExecutionRunningError(f"{execution} did not end within {timeout:g} s")


def _events_after(states: Any, execution: str, seen: int) -> list[Document]:
    """Return the events that came after one, by its id; the newest are asked for first, as the others are known."""
    pages = states.get_paginator("get_execution_history").paginate(
        executionArn=execution, includeExecutionData=True, reverseOrder=True, PaginationConfig={"PageSize": _PAGE}
    )
    newest_first = (event for page in pages for event in page["events"])
    return [*takewhile(lambda event: event["id"] > seen, newest_first)][::-1]


def _details(event: Document) -> Document:
    return next((value for name, value in event.items() if name.endswith("EventDetails")), {})


def _moment(event: Document, details: Document, state: str) -> Moment:
    data = details.get("output", details.get("input"))
    return Moment(
        at=event["timestamp"],
        state="" if event["type"].startswith("Execution") else state,
        kind=event["type"],
        error=details.get("error", ""),
        cause=_message(details.get("cause", "")),
        data=json.loads(data) if data else None,
    )


def _message(cause: str) -> str:
    """Take the message out of the JSON that Lambda puts around it."""
    try:
        report = json.loads(cause)
    except ValueError:
        return cause
    return str(report.get("errorMessage", cause)) if isinstance(report, dict) else cause
