"""Step Functions' API, as far as functions call it: executions, their histories, and task tokens."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from local.json_document import Document
from local.simulator.errors import ServiceError, invalid
from local.states_language.callbacks import InvalidTokenError, TaskDoesNotExistError, TaskTimedOutError
from local.states_language.paths import MAX_DATA_BYTES, size
from local.virtual_time.execution import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.states_language.callbacks import Callbacks
    from local.virtual_time.execution import Execution
    from local.virtual_time.machine import Machine
    from local.virtual_time.virtual_clock import VirtualClock

# GetExecutionHistory, AWS Step Functions API Reference.
_DEFAULT_PAGE = 100
_MAX_PAGE = 1000
_DATA = frozenset({"input", "output"})
_CODES: dict[type[Exception], str] = {
    InvalidTokenError: "InvalidToken",
    TaskDoesNotExistError: "TaskDoesNotExist",
    TaskTimedOutError: "TaskTimedOut",
}


class StepFunctions:
    """The service, in front of the state machines of one account.

    Args:
        clock: Determines which executions have begun.
        machines: The state machines.
        callbacks: Their task tokens.
    """

    def __init__(self, clock: VirtualClock, machines: list[Machine], callbacks: Callbacks) -> None:
        self._clock, self._machines, self._callbacks = clock, machines, callbacks

    def call(self, operation: str, request: Document) -> Document:
        """Do an operation.

        Raises:
            ServiceError: The service refuses.
        """
        operations: dict[str, Callable[[Document], Document]] = {
            "DescribeExecution": self._describe,
            "GetExecutionHistory": self._history,
            "SendTaskFailure": self._send_failure,
            "SendTaskSuccess": self._send_success,
            "StartExecution": self._start,
        }
        if operation not in operations:
            raise ServiceError("UnknownOperationException", f"Virtual time does not do {operation}.")
        try:
            return operations[operation](request)
        except tuple(_CODES) as error:
            raise ServiceError(_CODES[type(error)], str(error)) from error

    def _describe(self, request: Document) -> Document:
        record = self._found(request).record
        members = {key: value for key, value in record.items() if key != "events"}
        return {key: _epoch(value) if key.endswith("Date") else value for key, value in members.items()}

    def _history(self, request: Document) -> Document:
        events = self._found(request).events
        count = request.get("maxResults", 0) or _DEFAULT_PAGE
        if not 0 < count <= _MAX_PAGE:
            raise invalid("maxResults must be between 0 and 1000")
        first, whole = self._page_of(request, len(events))
        order = events[:whole][::-1] if request.get("reverseOrder") else events[:whole]
        page = {"events": [_as_answer(event, request) for event in order[first : first + count]]}
        is_last = first + count >= whole
        return page if is_last else {**page, "nextToken": json.dumps([first + count, whole])}

    @staticmethod
    def _page_of(request: Document, count: int) -> tuple[int, int]:
        """Return where a page begins, and how many events there were when the first page was read."""
        if "nextToken" not in request:
            return 0, count
        try:
            first, whole = json.loads(request["nextToken"])
        except ValueError as error:
            raise ServiceError("InvalidToken", "Invalid Token: 'Invalid token'") from error
        return first, whole

    def _send_success(self, request: Document) -> Document:
        try:
            output = json.loads(request["output"])
        except ValueError as error:
            raise ServiceError("InvalidOutput", "Invalid Output: 'Output is not valid JSON'") from error
        if size(request["output"]) > MAX_DATA_BYTES:
            constraint = f"Member must have length less than or equal to {MAX_DATA_BYTES}"
            raise invalid(f"1 validation error detected: Value at 'output' failed to satisfy constraint: {constraint}")
        self._callbacks.send_success(request["taskToken"], output)
        return {}

    def _send_failure(self, request: Document) -> Document:
        self._callbacks.send_failure(request["taskToken"], request.get("error", ""), request.get("cause", ""))
        return {}

    def _start(self, request: Document) -> Document:
        machine = next((each for each in self._machines if each.arn == request["stateMachineArn"]), None)
        if machine is None:
            message = f"State Machine Does Not Exist: '{request['stateMachineArn']}'"
            raise ServiceError("StateMachineDoesNotExist", message)
        name, given = request.get("name"), json.loads(request.get("input", "{}"))
        same = next((each for each in machine.executions if each.record["name"] == name), None)
        if same is None:
            same = machine.start(given, name=name)
        elif same.status != "RUNNING" or json.loads(same.record["input"]) != given:
            raise ServiceError("ExecutionAlreadyExists", f"Execution Already Exists: '{same.arn}'")
        return {"executionArn": same.arn, "startDate": _epoch(same.record["startDate"])}

    def _found(self, request: Document) -> Execution:
        now = timestamp(self._clock.now())
        for execution in self._begun(now):
            if execution.arn == request["executionArn"]:
                return execution
        raise ServiceError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{request['executionArn']}'")

    def _begun(self, now: str) -> Iterator[Execution]:
        for machine in self._machines:
            yield from (each for each in machine.executions if each.record["startDate"] <= now)


def _as_answer(event: Document, request: Document) -> Document:
    """Return an event as an answer has it."""
    answer = {**event, "timestamp": _epoch(event["timestamp"])}
    name, details = next((key, value) for key, value in event.items() if key.endswith("EventDetails"))
    if not request.get("includeExecutionData", True):
        details = {key: value for key, value in details.items() if key not in _DATA}
    return {**answer, name: details}


def _epoch(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
