"""The shipped state machine on MiniStack's interpreter, in virtual time.

MiniStack's interpreter is a part of its server; the few places where it waits, calls Lambda or asks for the time are
exchanged here, and only here. `tests/machine/test_interpreter.py` says so if a new version no longer has them.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from unittest import mock
from uuid import uuid4

from ministack.core.responses import set_request_account_id
from ministack.services import stepfunctions

from local.machine.functions import FunctionError, invoke

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.machine.clock import VirtualClock

DEFINITION = Path(__file__).resolve().parents[2] / "statemachine" / "deploy_endpoint.asl.json"
ACCOUNT_ID = "111122223333"
_ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/state-machine"
_FUNCTION_SECONDS = 60.0
_FUNCTION = re.compile(r"\$\{(\w+)FunctionArn\}")


@dataclass(frozen=True)
class Execution:
    """One execution, while it runs and when it has ended."""

    record: dict[str, Any]

    @property
    def arn(self) -> str:
        """Its ARN."""
        return str(self.record["executionArn"])

    @property
    def status(self) -> str:
        """`RUNNING`, `SUCCEEDED`, `FAILED` or `ABORTED`."""
        return str(self.record["status"])

    @property
    def error(self) -> str:
        """The name that a failed one ended with."""
        return str(self.record.get("error", ""))

    @property
    def cause(self) -> str:
        """What a failed one ended with."""
        return str(self.record.get("cause", ""))

    @property
    def events(self) -> list[dict[str, Any]]:
        """Its history."""
        events: list[dict[str, Any]] = self.record["events"]
        return events

    @property
    def states(self) -> list[str]:
        """The states that it entered, in order."""
        return [
            event["stateEnteredEventDetails"]["name"] for event in self.events if "stateEnteredEventDetails" in event
        ]

    @property
    def failures(self) -> list[tuple[str, str]]:
        """The failed attempts of its tasks: the state and the error."""
        found, state = [], ""
        for event in self.events:
            state = event.get("stateEnteredEventDetails", {}).get("name", state)
            if event["type"] == "TaskFailed":
                found.append((state, event["taskFailedEventDetails"]["error"]))
        return found

    @property
    def largest_data(self) -> int:
        """The bytes of the largest data that a state got."""
        return max(
            len(event["stateEnteredEventDetails"]["input"])
            for event in self.events
            if "stateEnteredEventDetails" in event
        )


class Machine:
    """The state machine, with its handlers in this process.

    Args:
        clock: Runs its executions and waits.
        definition: The Amazon States Language file.
        seed: Decides the jitter of retries.
    """

    def __init__(self, clock: VirtualClock, definition: Path = DEFINITION, seed: int = 0) -> None:
        self._clock = clock
        self._random = Random(seed)  # noqa: S311 - repeatable, not secret
        self._name = f"deploy-endpoint-{uuid4().hex[:12]}"
        text = _FUNCTION.sub(
            lambda found: f"arn:aws:lambda:us-east-1:{ACCOUNT_ID}:function:{found[1]}", definition.read_text()
        )
        self.definition = json.loads(text)
        set_request_account_id(ACCOUNT_ID)
        with self._in_virtual_time():
            status, _, body = stepfunctions._create_state_machine(  # noqa: SLF001 - see the module's docstring
                {"name": self._name, "definition": text, "roleArn": _ROLE, "type": "STANDARD"}
            )
        answer = json.loads(body)
        if status != 200:  # noqa: PLR2004 - HTTP's OK
            raise ValueError(answer)
        self._arn = answer["stateMachineArn"]
        self.executions: list[Execution] = []

    def start(self, request: Any, *, name: str | None = None, at: float | None = None) -> Execution:
        """Start an execution, now or at a later moment; it runs while the clock does."""
        name = name or f"execution-{len(self.executions)}"
        moment = self._clock.now() if at is None else at
        started = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        record = {
            "executionArn": f"arn:aws:states:us-east-1:{ACCOUNT_ID}:execution:{self._name}:{name}",
            "stateMachineArn": self._arn,
            "name": name,
            "status": "RUNNING",
            "startDate": started,
            "stopDate": None,
            "input": json.dumps(request),
            "output": None,
            "testCase": "",
            "mockAttempts": {},
            "events": [],
        }
        execution = Execution(record)
        self.executions.append(execution)
        stepfunctions._executions[execution.arn] = record  # noqa: SLF001
        self._clock.spawn(lambda: stepfunctions._run_execution(execution.arn), name=name, at=moment)  # noqa: SLF001
        return execution

    def run(self, until: float | None = None) -> None:
        """Let time pass until all executions have ended, or until a moment."""
        with self._in_virtual_time():
            self._clock.run(until)

    @contextmanager
    def _in_virtual_time(self) -> Iterator[None]:
        """Exchange what the interpreter has from its server: waiting, the time, and Lambda."""
        real_retrier = stepfunctions._find_matching_retrier  # noqa: SLF001

        def find_retrier(retriers: Any, error: str, counts: dict[int, int]) -> tuple[Any, int]:
            """Honour MaxDelaySeconds and JitterStrategy, which the interpreter does not, in the delay it computes."""
            retrier, index = real_retrier(retriers, error, counts)
            if retrier is None:
                return retrier, index
            delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** counts.get(index, 0)
            delay = min(delay, retrier.get("MaxDelaySeconds", delay))
            if retrier.get("JitterStrategy") == "FULL":
                delay = self._random.uniform(0, delay)
            return {**retrier, "IntervalSeconds": delay, "BackoffRate": 1.0}, index

        def invoke_in_time(resource: str, payload: Any, timeout: float) -> Any:
            began = self._clock.now()
            result = call(resource, payload)
            if self._clock.now() - began > timeout:
                raise stepfunctions._ExecutionError("States.Timeout", "")  # noqa: SLF001
            return result

        def call(resource: str, payload: Any) -> Any:
            name = re.sub(r"(?<!^)(?=[A-Z])", "_", resource.rpartition(":")[2]).lower()
            try:
                return invoke(name, payload, self._clock, _FUNCTION_SECONDS)
            except FunctionError as error:
                raise stepfunctions._ExecutionError(error.error, error.cause) from error  # noqa: SLF001

        def now() -> str:
            return (
                datetime.fromtimestamp(self._clock.now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            )

        exchanged: dict[str, Any] = {
            "_scaled_sleep": self._clock.sleep,
            "_find_matching_retrier": find_retrier,
            "_invoke_resource": call,
            "_invoke_resource_with_timeout": invoke_in_time,
            "_emit_execution_status_event": lambda _: None,
            "now_iso": now,
            "time": mock.Mock(sleep=lambda _: None),
        }
        with mock.patch.multiple(stepfunctions, **exchanged):
            yield
