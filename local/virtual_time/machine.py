"""The state machine: starts, stops and redrives executions, which run while its clock does."""

from __future__ import annotations

import functools
import json
import re
from random import Random
from typing import TYPE_CHECKING, Any, Self

from local.environment import ACCOUNT_ID, REGION, ROOT
from local.json_document import Document
from local.states_language.callbacks import Callbacks
from local.states_language.definition import check
from local.states_language.paths import dumps
from local.virtual_time.execution import Execution, timestamp
from local.virtual_time.interpreter import Run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from local.virtual_time.virtual_clock import VirtualClock

DEFINITION = ROOT / "statemachine" / "deploy_endpoint.asl.json"
_ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/state-machine"
_FUNCTION = re.compile(r"\$\{(\w+)FunctionArn\}")
_REDRIVABLE = frozenset({"FAILED", "ABORTED", "TIMED_OUT"})


class ExecutionAlreadyExistsError(Exception):
    """There is an execution of this name."""


class ExecutionDoesNotExistError(Exception):
    """The execution has not been started yet."""


class ExecutionNotRedrivableError(Exception):
    """The execution runs, or has succeeded."""


class Machine:
    """A state machine, with its handlers in this process. A context manager, which closes it.

    Args:
        clock: Runs its executions and waits.
        definition: The Amazon States Language file, by whose name the machine is named.
        seed: Decides the jitter of retries, and the task tokens.
        callbacks: The open task tokens; machines of one account share it.
        on_end: Called with each execution that has ended.

    Attributes:
        arn: The ARN of the state machine.
        definition: The state machine, with the ARNs of its functions.
        executions: All that were started, in the order in which they were asked for.

    Raises:
        UnsupportedStateError: The definition has something that does not run in virtual time.
    """

    def __init__(
        self,
        clock: VirtualClock,
        definition: Path = DEFINITION,
        seed: int = 0,
        *,
        callbacks: Callbacks | None = None,
        on_end: Callable[[Execution], None] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._random = Random(seed)  # noqa: S311 - repeatable, not secret
        self._callbacks = callbacks or Callbacks(Random(seed))  # noqa: S311
        self._on_end = on_end
        self._name = definition.name.partition(".")[0].replace("_", "-")
        self.arn = f"arn:aws:states:{REGION}:{ACCOUNT_ID}:stateMachine:{self._name}"
        self.definition = _parse(definition.read_text(encoding="utf-8"))
        self.executions: list[Execution] = []
        self._runs: dict[str, Run] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self, request: Any, *, name: str | None = None, at: float | None = None) -> Execution:
        """Start an execution, now or at a later moment.

        Raises:
            ExecutionAlreadyExistsError: There is one of this name.
        """
        name = name or f"execution-{len(self.executions)}"
        arn = f"arn:aws:states:{REGION}:{ACCOUNT_ID}:execution:{self._name}:{name}"
        if arn in self._runs:
            raise ExecutionAlreadyExistsError(arn)
        began = self._clock.now() if at is None else at
        record: Document = {
            "executionArn": arn,
            "stateMachineArn": self.arn,
            "name": name,
            "status": "RUNNING",
            "startDate": timestamp(began),
            "input": dumps(request),
            "redriveCount": 0,
            "events": [],
        }
        execution = Execution(record)
        run = self._run(execution, self._context(record), self.definition["StartAt"], json.loads(record["input"]))
        run.note("ExecutionStarted", {"input": record["input"], "roleArn": _ROLE}, at=began)
        run.begin(at)
        self.executions.append(execution)
        return execution

    def stop(self, execution: Execution, *, at: float | None = None, error: str = "", cause: str = "") -> None:
        """Stop an execution, now or at a later moment, as StopExecution does; one that has ended stays as it is.

        The function of the state that it is in goes on to its end, but nothing follows from its answer.

        Raises:
            ExecutionDoesNotExistError: Its start is later still. With `at`, the clock's run raises it.
        """

        def stop() -> None:
            if timestamp(self._clock.now()) < execution.record["startDate"]:
                raise ExecutionDoesNotExistError(execution.arn)
            self._runs[execution.arn].end("ABORTED", error=error, cause=cause)

        self._do(stop, f"stop {execution.record['name']}", at)

    def redrive(self, execution: Execution, *, at: float | None = None) -> None:
        """Redrive an execution, now or at a later moment, as RedriveExecution does.

        It goes on with the state that it ended in and with that state's input. Its retries and its own TimeoutSeconds
        count from 0; its ARN, its start and its history stay.

        Raises:
            ExecutionNotRedrivableError: It runs, or has succeeded. With `at`, the clock's run raises it.
        """

        def redrive() -> None:
            record, ended = execution.record, self._runs[execution.arn]
            if execution.status not in _REDRIVABLE:
                raise ExecutionNotRedrivableError(f"Execution is {execution.status} and cannot be redriven")
            for name in ("stopDate", "output", "error", "cause"):
                record.pop(name, None)
            count, moment = execution.redrive_count + 1, timestamp(self._clock.now())
            record.update(status="RUNNING", redriveCount=count, redriveDate=moment)
            ended.context["Execution"].update(RedriveCount=count, RedriveTime=moment)
            run = self._run(execution, ended.context, ended.state, ended.data)
            run.note("ExecutionRedriven", {"redriveCount": count})
            run.begin()

        self._do(redrive, f"redrive {execution.record['name']}", at)

    def run(self, until: float | None = None) -> None:
        """Let time pass until all executions have ended, or until a moment."""
        self._clock.run(until)

    def close(self) -> None:
        """End whatever still runs on the clock, so that no thread stays behind."""
        self._clock.close()

    def _do(self, act: Callable[[], None], name: str, at: float | None) -> None:
        if at is None:
            act()
        else:
            self._clock.spawn(act, name=name, at=at)

    def _run(self, execution: Execution, context: Document, state: str, data: Any) -> Run:
        run = Run(
            execution.record,
            self.definition,
            context,
            self._clock,
            random=self._random,
            callbacks=self._callbacks,
            on_end=lambda: self._on_end(execution),
            state=state,
            data=data,
        )
        self._runs[execution.arn] = run
        return run

    def _context(self, record: Document) -> Document:
        """Build the context object of an execution."""
        return {
            "Execution": {
                "Id": record["executionArn"],
                "Input": json.loads(record["input"]),
                "Name": record["name"],
                "RoleArn": _ROLE,
                "StartTime": record["startDate"],
                "RedriveCount": 0,
            },
            "StateMachine": {"Id": self.arn, "Name": self._name},
        }


@functools.cache
def _parse(text: str) -> Document:
    """Read a definition, once for all machines: none changes it."""
    replaced = _FUNCTION.sub(lambda found: f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{found[1]}", text)
    definition: Document = json.loads(replaced.replace("${Partition}", "aws"))
    check(definition)
    return definition
