"""Task states: attempts, retries and catchers; functions that answer, and functions that wait for their token.

Source of the events: "HistoryEvent", AWS Step Functions API Reference. A function that is called by its ARN
is LambdaFunctionScheduled, -Started, and -Succeeded, -Failed or -TimedOut. One that is called by `lambda:invoke` is
TaskScheduled and so on, and TaskSubmitted once it has answered while its token is still good.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

from local.json_document import Document
from local.states_language.definition import CALLBACK
from local.states_language.errors import StateError
from local.states_language.paths import check_size, dumps
from local.states_language.states import catch, effective_input, output_of, retry_delay, timeout_of_task

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from local.states_language.callbacks import Callbacks

_SERVICE = {"resourceType": "lambda", "resource": "invoke.waitForTaskToken"}
_TIMED_OUT = "States.Timeout"


class Run(Protocol):
    """An execution as a Task state needs it. What waits raises whatever ends it when the execution ends meanwhile."""

    context: Document
    """The context object."""
    random: Random
    """Decides the jitter of retries."""
    callbacks: Callbacks
    """The open task tokens."""
    region: str
    """The region, for the history."""

    def note(self, event: str, details: Document | None = None) -> None:
        """Add an event to the history."""
        ...

    def start(self, arn: str, payload: Any, end: Callable[[Any, StateError | None], None]) -> None:
        """Start a function by its ARN; `end` gets its answer or its error, whatever has become of the execution."""
        ...

    def wake(self) -> None:
        """Wake the waits whose condition has become true."""
        ...

    def pause(self, seconds: float) -> None:
        """Let seconds pass before a retry."""
        ...

    def wait_for_answer(self, seconds: float, is_done: Callable[[], bool]) -> None:
        """Wait until a function has ended, or the seconds are over."""
        ...

    def wait_for_token(self, seconds: float, is_done: Callable[[], bool], has_answered: Callable[[], bool]) -> None:
        """Wait until a token has come back, or the seconds are over.

        Args:
            seconds: The seconds; they may be infinite.
            is_done: Callback: returns whether the token has come back.
            has_answered: Callback: returns whether the function has ended.
        """
        ...

    @property
    def is_over(self) -> bool:
        """Whether the execution has ended."""
        ...


def run_task(run: Run, state: Document, data: Any) -> tuple[Any, str | None]:
    """Do a Task state, with its retriers and catchers; return its output and the state that follows.

    Raises:
        StateError: It failed, and nothing catches that.
        ExecutionEndedError: The execution ended meanwhile.
    """
    retries: dict[int, int] = {}
    attempt = _wait_for_token if state["Resource"].endswith(CALLBACK) else _call
    while True:
        run.context["State"]["RetryCount"] = sum(retries.values())
        try:
            return output_of(state, data, attempt(run, state, data), run.context), state.get("Next")
        except StateError as error:
            delay = retry_delay(state, error, retries, run.random)
            if delay is not None:
                run.pause(delay)
                continue
            caught = catch(state, error, data)
            if caught is None:
                raise
            return caught


def _call(run: Run, state: Document, data: Any) -> Any:
    """Call a function by its ARN, and return its answer."""
    payload, seconds = effective_input(state, data, run.context), timeout_of_task(state, data, run.context)
    limit = {} if seconds is None else {"timeoutInSeconds": seconds}
    run.note("LambdaFunctionScheduled", {"resource": state["Resource"], "input": dumps(payload), **limit})
    run.note("LambdaFunctionStarted")
    ended: list[tuple[Any, StateError | None]] = []

    def end(answer: Any, error: StateError | None) -> None:
        ended.append((answer, error))
        run.wake()

    run.start(state["Resource"], payload, end)
    run.wait_for_answer(math.inf if seconds is None else seconds, lambda: bool(ended))
    answer, error = ended[0] if ended else (None, StateError(_TIMED_OUT))
    error = error or _too_large(answer, state["Resource"])
    if error:
        run.note(f"LambdaFunction{_ending(error)}", {"error": error.error, "cause": error.cause})
        raise error
    run.note("LambdaFunctionSucceeded", {"output": dumps(answer)})
    return answer


def _wait_for_token(run: Run, state: Document, data: Any) -> Any:
    """Call a function with a token of its own, and return what comes for the token.

    The function's answer is dropped; an error of the function fails the task. Whatever comes first counts, even while
    the function still runs.
    """
    callback = run.callbacks.open(run.wake)
    run.context["Task"] = {"Token": callback.token}
    try:
        parameters, seconds = effective_input(state, data, run.context), timeout_of_task(state, data, run.context)
    finally:
        del run.context["Task"]
    limit = {} if seconds is None else {"timeoutInSeconds": seconds}
    run.note("TaskScheduled", {**_SERVICE, "region": run.region, "parameters": dumps(parameters), **limit})
    run.note("TaskStarted", _SERVICE)
    answered: list[bool] = []

    def end(answer: Any, error: StateError | None) -> None:
        answered.append(True)
        if error is not None:
            callback.complete(error=error)
        elif not (callback.is_closed or run.is_over):
            run.note("TaskSubmitted", {**_SERVICE, "output": dumps({"Payload": answer, "StatusCode": 200})})

    run.start(parameters["FunctionName"], parameters["Payload"], end)
    try:
        run.wait_for_token(
            math.inf if seconds is None else seconds, lambda: callback.is_completed, lambda: bool(answered)
        )
    finally:
        callback.close()
    error = callback.error if callback.is_completed else StateError(_TIMED_OUT)
    error = error or _too_large(callback.output, run.context["State"]["Name"])
    if error:
        run.note(f"Task{_ending(error)}", {**_SERVICE, "error": error.error, "cause": error.cause})
        raise error
    run.note("TaskSucceeded", {**_SERVICE, "output": dumps(callback.output)})
    return callback.output


def _too_large(result: Any, name: str) -> StateError | None:
    """Return the error of a task whose own result is larger than data may be."""
    try:
        check_size(dumps(result), name, is_result=True)
    except StateError as error:
        return error
    return None


def _ending(error: StateError) -> str:
    return "TimedOut" if error.error == _TIMED_OUT else "Failed"
