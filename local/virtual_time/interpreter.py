"""One run through the states of a definition, in virtual time."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from local.environment import REGION
from local.json_document import Document
from local.states_language.errors import StateError, UnsupportedStateError, located
from local.states_language.paths import check_size, dumps, select
from local.states_language.states import fail_with, output_of, run_choice, run_pass, wait_seconds
from local.states_language.tasks import run_task
from local.virtual_time.execution import timestamp
from local.virtual_time.functions import FunctionError, invoke, timeout_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from local.states_language.callbacks import Callbacks
    from local.virtual_time.virtual_clock import Task, VirtualClock

# "Quotas related to state machine executions", AWS Step Functions Developer Guide.
_MAX_EVENTS = 25_000


class ExecutionEndedError(BaseException):
    """The execution was stopped or timed out meanwhile. No `Exception`, because no Retry or Catch applies."""


class Run:
    """A running execution, from its start or from a redrive.

    Args:
        record: The execution, which it describes as it goes.
        definition: The state machine.
        context: The context object.
        clock: Runs it in a task of its own.
        random: Decides the jitter of retries.
        callbacks: The open task tokens.
        on_end: Called when it has ended.
        state: The state to begin with.
        data: That state's input.

    Attributes:
        state: The state that it is in, or ended in.
        data: That state's input.
        is_over: Whether it has ended.
    """

    def __init__(  # noqa: PLR0913 - all that a run is made of
        self,
        record: Document,
        definition: Document,
        context: Document,
        clock: VirtualClock,
        *,
        random: Random,
        callbacks: Callbacks,
        on_end: Callable[[], None],
        state: str,
        data: Any,
    ) -> None:
        self.record, self.context = record, context
        self.clock, self.random, self.callbacks = clock, random, callbacks
        self.state, self.data = state, data
        self.is_over = False
        self.region = REGION
        self._definition, self._on_end = definition, on_end
        self._deadline = math.inf
        self._task: Task | None = None

    def begin(self, at: float | None = None) -> None:
        """Begin now, or at a moment, as soon as the clock runs."""
        began = self.clock.now() if at is None else at
        # A redrive sets this back to 0 ("Restarting state machine executions with redrive", Developer Guide).
        self._deadline = began + self._definition.get("TimeoutSeconds", math.inf)
        self._task = self.clock.spawn(self._drive, name=self.record["name"], at=at)

    def end(self, status: str, **details: Any) -> None:
        """End with a status, and with `output` or `error` and `cause`, unless it has ended."""
        if self.is_over:
            return
        self.is_over = True
        self.record.update(details, status=status, stopDate=timestamp(self.clock.now()))
        self.note("Execution" + status.title().replace("_", ""), details)
        self.wake()
        self._on_end()

    def wake(self) -> None:
        """Wake it, because the event that it waits for has happened."""
        if self._task:
            self.clock.wake(self._task)

    def note(self, event: str, details: Document | None = None, *, member: str = "", at: float | None = None) -> None:
        """Add an event to the history.

        Args:
            event: Its type.
            details: Its details.
            member: What its details go by, where that is not the type.
            at: When it happens; left out, now.
        """
        members = dict(details or {})
        for data in ("input", "output"):
            if data in members:
                members[f"{data}Details"] = {"truncated": False}
        self.record["events"].append(
            {
                "id": len(self.record["events"]) + 1,
                "previousEventId": len(self.record["events"]),
                "type": event,
                "timestamp": timestamp(self.clock.now() if at is None else at),
                f"{member or event[0].lower() + event[1:]}EventDetails": members,
            }
        )

    def wait(self, seconds: float, is_done: Callable[[], bool] = lambda: False) -> None:
        """Let time pass, or wait until something is done.

        Raises:
            ExecutionEndedError: The execution ended meanwhile; its own TimeoutSeconds end it here.
        """
        clock = self.clock
        end = clock.now() + seconds
        while not (is_done() or self.is_over) and clock.now() < min(end, self._deadline):
            clock.sleep(min(end, self._deadline) - clock.now())
        if not is_done() and self._deadline <= clock.now():
            self.end("TIMED_OUT", error="States.Timeout")
        if self.is_over:
            raise ExecutionEndedError

    def start(self, arn: str, payload: Any, end: Callable[[Any, StateError | None], None]) -> None:
        """Start a function in a task of its own: it goes on if the execution ends or the state times out."""
        name = arn.rpartition(":")[2]
        module = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()

        def call() -> None:
            try:
                answer = invoke(module, payload, self.clock, timeout_of(name))
            except FunctionError as error:
                end(None, StateError(error.error, error.cause))
            else:
                end(answer, None)

        self.clock.spawn(call, name=f"{self.record['name']}/{name}")

    def pause(self, seconds: float) -> None:
        """Let seconds pass before a retry; see `wait`."""
        self.wait(seconds)

    def wait_for_answer(self, seconds: float, is_done: Callable[[], bool]) -> None:
        """Wait for a function; see `wait`."""
        self.wait(seconds, is_done)

    def wait_for_token(self, seconds: float, is_done: Callable[[], bool], has_answered: Callable[[], bool]) -> None:
        """Wait for a task token; see `wait`."""
        del has_answered
        self.wait(seconds, is_done)

    def _drive(self) -> None:
        try:
            self._go()
        except StateError as error:
            self.end("FAILED", error=error.error, cause=error.cause)
        except ExecutionEndedError:
            pass

    def _go(self) -> None:
        if self.is_over:
            return
        text = dumps(self.data)
        while True:
            output, text, following = self._pass_through(text)
            if following is None:
                self.end("SUCCEEDED", output=text)
                return
            self.state, self.data = following, output
            if len(self.record["events"]) >= _MAX_EVENTS:
                message = f"The execution reached the maximum number of history events ({_MAX_EVENTS})."
                raise StateError("States.Runtime", message)

    def _pass_through(self, text: str) -> tuple[Any, str, str | None]:
        """Enter the state, do what it is for, and exit; return its output, also as text, and the state that follows."""
        name = self.state
        state = self._definition["States"][name]
        self.context["State"] = {"Name": name, "EnteredTime": timestamp(self.clock.now()), "RetryCount": 0}
        self.note(f"{state['Type']}StateEntered", {"name": name, "input": text}, member="stateEntered")
        entered = len(self.record["events"])
        try:
            output, following = self._run_state(state)
        except StateError as error:
            raise located(error, name, entered) from error
        text = dumps(output)
        check_size(text, name)
        self.note(f"{state['Type']}StateExited", {"name": name, "output": text}, member="stateExited")
        return output, text, following

    def _run_state(self, state: Document) -> tuple[Any, str | None]:
        data, context, following = self.data, self.context, state.get("Next")
        match state["Type"]:
            case "Task":
                return run_task(self, state, data)
            case "Choice":
                return run_choice(state, data, context)
            case "Pass":
                return run_pass(state, data, context), following
            case "Wait":
                self.wait(self._seconds(state))
                return _passed(state, data, context), following
            case "Succeed":
                return _passed(state, data, context), None
            case "Fail":
                raise fail_with(state, data, context)
            case other:
                raise UnsupportedStateError(other)

    def _seconds(self, state: Document) -> float:
        if "Timestamp" in state:
            return datetime.fromisoformat(state["Timestamp"]).timestamp() - self.clock.now()
        return wait_seconds(state, select(state.get("InputPath", "$"), self.data, self.context), self.context)


def _passed(state: Document, data: Any, context: Document) -> Any:
    """Return the output of a state that only passes its data on."""
    given = select(state.get("InputPath", "$"), data, context)
    return output_of({**state, "ResultPath": "$"}, data, given, context)
