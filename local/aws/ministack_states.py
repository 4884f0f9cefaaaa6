"""Corrects Step Functions in MiniStack: states read data and wait for task tokens as on AWS.

MiniStack reads a path that selects nothing as null, compares and waits whatever the types are, knows no limit of
data, starts executions with an input that is not JSON, lets a function with a task token fail unnoticed, keeps one
token over all retries, ignores TimeoutSecondsPath, and writes neither a task's parameters nor a Lambda function's
own events into the history. Here its states run on `local.states_language`; executions, API and history stay
MiniStack's.
"""

import contextvars
import json
import math
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import stepfunctions

from local.aws.redrive import take_resumed
from local.environment import REGION
from local.json_document import Document
from local.states_language.callbacks import Callbacks, InvalidTokenError, TaskDoesNotExistError, TaskTimedOutError
from local.states_language.errors import StateError, located
from local.states_language.paths import check_size, dumps, select
from local.states_language.states import fail_with, output_of, run_choice, run_pass, wait_seconds
from local.states_language.tasks import run_task

_LOOK_SECONDS = 0.1
_CODES: dict[type[Exception], str] = {
    InvalidTokenError: "InvalidToken",
    TaskDoesNotExistError: "TaskDoesNotExist",
    TaskTimedOutError: "TaskTimedOut",
}


class ExecutionEndedError(BaseException):
    """The execution was stopped meanwhile. No `Exception`, because MiniStack would take it for a failure."""


class StepFunctions:
    """The functions that replace MiniStack's own.

    Attributes:
        ahead: Seconds by which state machines see the time ahead; so a test lets a day pass.
    """

    def __init__(self) -> None:
        """Start without tokens."""
        self.ahead = 0.0
        self._random = Random(0)  # noqa: S311 - jitter, and tokens that guard nothing
        self._callbacks = Callbacks(self._random)

    def install(self) -> None:
        """Replace MiniStack's own functions, by their names there."""
        names = "now_iso _run_execution _execute_pass _execute_task _execute_choice _execute_wait _fail_state_error"
        for name in (*names.split(), "_start_execution", "_send_task_success", "_send_task_failure"):
            getattr(stepfunctions, name)  # an error now, if a new version of MiniStack is built in another way
        run_execution = stepfunctions._run_execution  # noqa: SLF001 - MiniStack has no hook for any of these
        start_execution = stepfunctions._start_execution  # noqa: SLF001

        def run_until_ended(arn: str) -> None:
            try:
                run_execution(arn)
            except ExecutionEndedError:
                return

        def start_if_json(request: Document) -> Any:
            # Source: Step Functions API Reference, StartExecution.
            if not _is_json(request.get("input", "{}")):
                message = "Invalid State Machine Execution Input: 'Input is not valid JSON'"
                return error_response_json("InvalidExecutionInput", message, 400)
            return start_execution(request)

        stepfunctions.now_iso = self._now
        stepfunctions._start_execution = start_if_json  # noqa: SLF001
        stepfunctions._run_execution = run_until_ended  # noqa: SLF001
        stepfunctions._execute_pass = _as_state(_run_pass)  # noqa: SLF001
        stepfunctions._execute_choice = _as_state(run_choice)  # noqa: SLF001
        stepfunctions._execute_wait = _as_state(_run_wait)  # noqa: SLF001
        stepfunctions._execute_task = self._run_task  # noqa: SLF001
        stepfunctions._fail_state_error = _fail  # noqa: SLF001
        stepfunctions._send_task_success = self._send_success  # noqa: SLF001
        stepfunctions._send_task_failure = self._send_failure  # noqa: SLF001

    def _now(self) -> str:
        moment = datetime.now(UTC) + timedelta(seconds=self.ahead)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _run_task(self, state: Document, data: Any, execution: Document, context: Document) -> tuple[Any, str | None]:
        run = _Run(execution, context, self._random, self._callbacks)
        return _as_state(lambda state, data, _: run_task(run, state, data))(state, data, context)

    def _send_success(self, request: Document) -> Any:
        try:
            output = json.loads(request["output"])
        except ValueError:
            return error_response_json("InvalidOutput", "Invalid Output: 'Output is not valid JSON'", 400)
        return _answer(lambda: self._callbacks.send_success(request["taskToken"], output))

    def _send_failure(self, request: Document) -> Any:
        error, cause = request.get("error", ""), request.get("cause", "")
        return _answer(lambda: self._callbacks.send_failure(request["taskToken"], error, cause))


class _Run:
    """An execution of MiniStack's as a Task state needs it; see `local.states_language.tasks.Run`."""

    def __init__(self, execution: Document, context: Document, random: Random, callbacks: Callbacks) -> None:
        self.context, self.random, self.callbacks, self.region = context, random, callbacks, REGION
        self._execution = execution
        self._woken = threading.Event()

    @property
    def is_over(self) -> bool:
        return bool(self._execution["status"] != "RUNNING")

    def note(self, event: str, details: Document | None = None) -> None:
        if self.is_over:
            raise ExecutionEndedError
        member = f"{event[0].lower()}{event[1:]}EventDetails"
        stepfunctions._add_event(self._execution, event, {member: details or {}})  # noqa: SLF001

    def start(self, arn: str, payload: Any, end: Callable[[Any, StateError | None], None]) -> None:
        def call() -> None:
            try:
                end(stepfunctions._call_lambda(arn, payload), None)  # noqa: SLF001
            except stepfunctions._ExecutionError as error:  # noqa: SLF001
                end(None, StateError(error.error, error.cause))

        # The account and the region of a request are in its context.
        threading.Thread(target=contextvars.copy_context().run, args=(call,), daemon=True).start()

    def wake(self) -> None:
        self._woken.set()

    def pause(self, seconds: float) -> None:
        self._wait(_scaled(seconds), lambda: False)

    def wait_for_answer(self, seconds: float, is_done: Callable[[], bool]) -> None:
        # Functions run in real time, whatever the speed of the rest; only their pauses are shorter.
        self._wait(seconds, is_done)

    def wait_for_token(self, seconds: float, is_done: Callable[[], bool], has_answered: Callable[[], bool]) -> None:
        began = time.monotonic()
        self._wait(seconds, lambda: is_done() or has_answered())
        left = max(0.0, seconds - (time.monotonic() - began))
        self._wait(_scaled(left), is_done)

    def _wait(self, seconds: float, is_done: Callable[[], bool]) -> None:
        end = time.monotonic() + seconds
        while not is_done():
            if self.is_over:
                raise ExecutionEndedError
            left = end - time.monotonic()
            if left <= 0:
                return
            self._woken.wait(min(left, _LOOK_SECONDS))
            self._woken.clear()


def _as_state(
    act: Callable[[Document, Any, Document], tuple[Any, str | None]],
) -> Callable[..., tuple[Any, str | None]]:
    """Make one of MiniStack's functions for a kind of state: check its output's size, and raise MiniStack's errors."""

    def run(state: Document, data: Any, context: Document) -> tuple[Any, str | None]:
        if resumed := take_resumed(context["Execution"]["Id"]):
            return resumed
        name = context["State"]["Name"]
        entered = len(stepfunctions._executions[context["Execution"]["Id"]]["events"])  # noqa: SLF001
        try:
            output, following = act(state, data, context)
            check_size(dumps(output), name)
        except StateError as error:
            error = located(error, name, entered)
            raise stepfunctions._ExecutionError(error.error, error.cause) from error  # noqa: SLF001
        return output, following

    return run


def _run_pass(state: Document, data: Any, context: Document) -> tuple[Any, str | None]:
    return run_pass(state, data, context), state.get("Next")


def _run_wait(state: Document, data: Any, context: Document) -> tuple[Any, str | None]:
    given = select(state.get("InputPath", "$"), data, context)
    if "Timestamp" in state:
        stepfunctions._sleep_until(state["Timestamp"])  # noqa: SLF001
    else:
        stepfunctions._scaled_sleep(wait_seconds(state, given, context))  # noqa: SLF001
    return output_of({**state, "ResultPath": "$"}, data, given, context), state.get("Next")


def _fail(state: Document, data: Any, context: Document) -> tuple[str, str]:
    try:
        error = fail_with(state, data, context)
    except StateError as failed:
        error = failed
    return error.error, error.cause


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _scaled(seconds: float) -> float:
    return seconds if math.isinf(seconds) else seconds * float(stepfunctions._SFN_WAIT_SCALE)  # noqa: SLF001


def _answer(act: Callable[[], None]) -> Any:
    try:
        act()
    except tuple(_CODES) as error:
        return error_response_json(_CODES[type(error)], str(error), 400)
    return json_response({})
