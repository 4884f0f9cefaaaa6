"""The state machine: starts, stops and redrives executions, which run while its clock does."""

from __future__ import annotations

import functools
import json
import re
from random import Random
from typing import TYPE_CHECKING, Any, Self

from local.settings import ACCOUNT_ID, REGION, ROOT
from local.virtual_time.execution import Execution, timestamp
from local.virtual_time.interpreter import STATE_TYPES, Run, virtual_time

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from local.virtual_time.clock import VirtualClock

DEFINITION = ROOT / "statemachine" / "deploy_endpoint.asl.json"
_NAME = "deploy-endpoint"
_ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/state-machine"
_FUNCTION = re.compile(r"\$\{(\w+)FunctionArn\}")
_REDRIVABLE = frozenset({"FAILED", "ABORTED", "TIMED_OUT"})


class UnsupportedStateError(Exception):
    """The definition has a type of state that does not run in virtual time."""


class ExecutionAlreadyExistsError(Exception):
    """There is an execution of this name."""


class ExecutionDoesNotExistError(Exception):
    """The execution has not been started yet."""


class ExecutionNotRedrivableError(Exception):
    """The execution runs, or has succeeded."""


class Machine:
    """The state machine, with its handlers in this process. A context manager, which closes it.

    Args:
        clock: Runs its executions and waits.
        definition: The Amazon States Language file.
        seed: Decides the jitter of retries.

    Attributes:
        definition: The state machine, with the ARNs of its functions.
        executions: All that were started, in the order in which they were asked for.

    Raises:
        UnsupportedStateError: The definition has Parallel or Map states.
    """

    def __init__(self, clock: VirtualClock, definition: Path = DEFINITION, seed: int = 0) -> None:
        self._clock = clock
        self._random = Random(seed)  # noqa: S311 - repeatable, not secret
        self._arn = f"arn:aws:states:{REGION}:{ACCOUNT_ID}:stateMachine:{_NAME}"
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
        arn = f"arn:aws:states:{REGION}:{ACCOUNT_ID}:execution:{_NAME}:{name}"
        if arn in self._runs:
            raise ExecutionAlreadyExistsError(arn)
        began = self._clock.now() if at is None else at
        record: dict[str, Any] = {
            "executionArn": arn,
            "stateMachineArn": self._arn,
            "name": name,
            "status": "RUNNING",
            "startDate": timestamp(began),
            "input": json.dumps(request),
            "redriveCount": 0,
            "events": [],
        }
        run = self._run(record, self._context(record), self.definition["StartAt"], json.loads(record["input"]))
        run.note("ExecutionStarted", at=began, input=record["input"], roleArn=_ROLE)
        run.begin(at)
        execution = Execution(record)
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
            run = self._run(record, ended.context, ended.state, ended.data)
            run.note("ExecutionRedriven", redriveCount=count)
            run.begin()

        self._do(redrive, f"redrive {execution.record['name']}", at)

    def run(self, until: float | None = None) -> None:
        """Let time pass until all executions have ended, or until a moment."""
        with virtual_time():
            self._clock.run(until)

    def close(self) -> None:
        """End whatever still runs on the clock, so that no thread stays behind."""
        self._clock.close()

    def _do(self, act: Callable[[], None], name: str, at: float | None) -> None:
        if at is None:
            act()
        else:
            self._clock.spawn(act, name=name, at=at)

    def _run(self, record: dict[str, Any], context: dict[str, Any], state: str, data: Any) -> Run:
        run = Run(record, self.definition, context, self._clock, self._random, state=state, data=data)
        self._runs[record["executionArn"]] = run
        return run

    def _context(self, record: dict[str, Any]) -> dict[str, Any]:
        """Build the context object of an execution, and what the interpreter keeps beside it."""
        return {
            "QueryLanguage": self.definition.get("QueryLanguage", "JSONPath"),
            "Execution": {
                "Id": record["executionArn"],
                "Input": json.loads(record["input"]),
                "Name": record["name"],
                "RoleArn": _ROLE,
                "StartTime": record["startDate"],
                "RedriveCount": 0,
            },
            "StateMachine": {"Id": self._arn, "Name": _NAME},
            "variables": {},
        }


@functools.cache
def _parse(text: str) -> dict[str, Any]:
    """Read a definition, once for all machines: none changes it."""
    replaced = _FUNCTION.sub(lambda found: f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{found[1]}", text)
    definition: dict[str, Any] = json.loads(replaced)
    unsupported = {state["Type"] for state in definition["States"].values()} - STATE_TYPES
    if unsupported:
        raise UnsupportedStateError(", ".join(sorted(unsupported)))
    return definition
