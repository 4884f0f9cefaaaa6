"""One run through the states of a definition, each on MiniStack's interpreter, in virtual time.

MiniStack's interpreter is a part of its server; the few places where it waits, calls Lambda or asks for the time are
exchanged here, and only here. `tests/machine/test_interpreter.py` says so if a new version no longer has them.
"""

from __future__ import annotations

import json
import math
import re
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING, Any
from unittest import mock

from ministack.services import stepfunctions

from local.virtual_time.execution import timestamp
from local.virtual_time.functions import FunctionError, invoke, timeout_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from local.virtual_time.clock import Task, VirtualClock

# "Quotas related to state machine executions", AWS Step Functions Developer Guide.
_DATA_BYTES = 256 * 1024

_StateError = stepfunctions._ExecutionError  # noqa: SLF001 - see the module's docstring
_SIMPLE = {
    "Pass": stepfunctions._execute_pass,  # noqa: SLF001
    "Choice": stepfunctions._execute_choice,  # noqa: SLF001
    "Wait": stepfunctions._execute_wait,  # noqa: SLF001
}
# Parallel and Map start threads of their own, which virtual time knows nothing of.
STATE_TYPES = frozenset(_SIMPLE) | {"Task", "Succeed", "Fail"}


class _OverError(BaseException):
    """The execution was stopped or timed out meanwhile. No `Exception`, because no Retry or Catch applies."""


class Run:
    """An execution on its way, from its start or from where a redrive takes it up.

    Args:
        record: The execution, which it describes as it goes.
        definition: The state machine.
        context: The context object.
        clock: Runs it in a task of its own.
        random: Decides the jitter of retries.
        state: The state to begin with.
        data: That state's input.

    Attributes:
        state: The state that it is in, or ended in.
        data: That state's input.
        is_over: Whether it has ended.
    """

    def __init__(  # noqa: PLR0913 - all that a run is made of
        self,
        record: dict[str, Any],
        definition: dict[str, Any],
        context: dict[str, Any],
        clock: VirtualClock,
        random: Random,
        *,
        state: str,
        data: Any,
    ) -> None:
        self.record, self.context = record, context
        self.state, self.data = state, data
        self.is_over = False
        self._definition, self._clock, self._random = definition, clock, random
        self._deadline = math.inf
        self._task: Task | None = None

    def begin(self, at: float | None = None) -> None:
        """Begin now, or at a moment, as soon as the clock runs."""
        began = self.now() if at is None else at
        # A redrive sets this back to 0 ("Restarting state machine executions with redrive", Developer Guide).
        self._deadline = began + self._definition.get("TimeoutSeconds", math.inf)
        self._task = self._clock.spawn(self._drive, name=self.record["name"], at=at)

    def end(self, status: str, **details: Any) -> None:
        """End with a status, and with `output` or `error` and `cause`, unless it has ended."""
        if self.is_over:
            return
        self.is_over = True
        self.record.update(details, status=status, stopDate=timestamp(self.now()))
        self.note("Execution" + status.title().replace("_", ""), **details)
        if self._task:
            self._clock.wake(self._task)

    def note(self, event: str, member: str = "", *, at: float | None = None, **details: Any) -> None:
        """Add an event to the history, now or as of a moment; its details go by the event's name or by another one."""
        self.record["events"].append(
            {
                "id": len(self.record["events"]) + 1,
                "type": event,
                "timestamp": timestamp(self.now() if at is None else at),
                f"{member or event[0].lower() + event[1:]}EventDetails": details,
            }
        )

    def now(self) -> float:
        """Return the seconds since the epoch."""
        return self._clock.now()

    def wait(self, seconds: float, is_done: Callable[[], bool] = lambda: False) -> None:
        """Let time pass, or wait until something is done.

        Raises:
            _OverError: The execution ended meanwhile; its own TimeoutSeconds end it here.
        """
        end = self._clock.now() + seconds
        while not (is_done() or self.is_over) and self._clock.now() < min(end, self._deadline):
            self._clock.sleep(min(end, self._deadline) - self._clock.now())
        if not is_done() and self._deadline <= self._clock.now():
            self.end("TIMED_OUT", error="States.Timeout")
        if self.is_over:
            raise _OverError

    def invoke(self, resource: str, payload: Any, timeout: float = math.inf) -> Any:
        """Call the function of a state, in a task of its own: it goes on if the execution ends or the state times out.

        Raises:
            _StateError: The function failed, or the state's TimeoutSeconds are over.
        """
        name = resource.rpartition(":")[2]
        module = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        answers: list[Any] = []
        errors: list[FunctionError] = []

        def call() -> None:
            try:
                answers.append(invoke(module, payload, self._clock, timeout_of(name)))
            except FunctionError as error:
                errors.append(error)
            if self._task:
                self._clock.wake(self._task)

        self._clock.spawn(call, name=f"{self.record['name']}/{name}")
        self.wait(timeout, lambda: bool(answers or errors))
        if errors:
            raise _StateError(errors[0].error, errors[0].cause) from errors[0]
        if not answers:
            raise _StateError("States.Timeout", "")
        return answers[0]

    def find_retrier(self, retriers: Any, error: str, counts: dict[int, int]) -> tuple[Any, int]:
        """Wait before a retry, here: the interpreter waits 60 s at most, and knows no MaxDelaySeconds or jitter."""
        retrier, index = _find_matching_retrier(retriers, error, counts)
        if retrier is None:
            return retrier, index
        delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** counts.get(index, 0)
        delay = min(delay, retrier.get("MaxDelaySeconds", delay))
        self.wait(self._random.uniform(0, delay) if retrier.get("JitterStrategy") == "FULL" else delay)
        return {**retrier, "IntervalSeconds": 0}, index

    def _drive(self) -> None:
        _RUN.set(self)
        try:
            self._go()
        except _StateError as error:
            self.end("FAILED", error=error.error, cause=error.cause)
        except _OverError:
            pass

    def _go(self) -> None:
        if self.is_over:
            return
        text = _dumps(self.data)
        while True:
            output, text, following = self._pass_through(text)
            if following is None:
                self.end("SUCCEEDED", output=text)
                return
            self.state, self.data = following, output

    def _pass_through(self, text: str) -> tuple[Any, str, str | None]:
        """Enter the state, do what it is for, and exit; return its output, also as text, and the state that follows."""
        name, data = self.state, self.data
        state = self._definition["States"][name]
        kind = state["Type"]
        self.context["State"] = {"Name": name, "EnteredTime": timestamp(self.now()), "RetryCount": 0}
        self.note(f"{kind}StateEntered", "stateEntered", name=name, input=text)
        following: str | None = None
        if kind == "Task":
            output, following = stepfunctions._execute_task(state, data, self.record, self.context)  # noqa: SLF001
        elif kind == "Fail":
            raise _StateError(*stepfunctions._fail_state_error(state, data, self.context))  # noqa: SLF001
        elif kind == "Succeed":
            output = stepfunctions._apply_input_path(state, data, self.context)  # noqa: SLF001
            output = stepfunctions._apply_output_path(state, output, self.context)  # noqa: SLF001
        else:
            output, following = _SIMPLE[kind](state, data, self.context)
        text = _dumps(output)
        if len(text.encode()) > _DATA_BYTES:
            message = f"The state/task '{name}' returned a result with a size exceeding the maximum number of bytes"
            raise _StateError("States.DataLimitExceeded", f"{message} service limit.")
        self.note(f"{kind}StateExited", "stateExited", name=name, output=text)
        return output, text, following


_RUN: ContextVar[Run] = ContextVar("run")
_find_matching_retrier = stepfunctions._find_matching_retrier  # noqa: SLF001


def _dumps(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False)


def _wait_until(moment: str) -> None:
    run = _RUN.get()
    run.wait(datetime.fromisoformat(moment).timestamp() - run.now())


# By the names that they have in MiniStack. Each acts for the run in whose task it is called.
EXCHANGED: dict[str, Any] = {
    "_scaled_sleep": lambda seconds: _RUN.get().wait(seconds),
    "_sleep_until": _wait_until,
    "_find_matching_retrier": lambda *arguments: _RUN.get().find_retrier(*arguments),
    "_invoke_resource": lambda *arguments: _RUN.get().invoke(*arguments),
    "_invoke_resource_with_timeout": lambda *arguments: _RUN.get().invoke(*arguments),
    "now_iso": lambda: timestamp(_RUN.get().now()),
}


@contextmanager
def virtual_time() -> Iterator[None]:
    """Exchange what the interpreter has from its server: waiting, the time, and Lambda."""
    with mock.patch.multiple(stepfunctions, **EXCHANGED):
        yield
