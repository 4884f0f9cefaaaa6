"""moto's interpreter of Amazon States Language, which shares no code with ours, in virtual time."""

from __future__ import annotations

import io
import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timezone
from typing import TYPE_CHECKING, Any
from unittest import mock

from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state import state
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackOutcomeSuccess
from moto.stepfunctions.parser.asl.eval.evaluation_details import (
    AWSExecutionDetails,
    EvaluationDetails,
    ExecutionDetails,
    StateMachineDetails,
)
from moto.stepfunctions.parser.backend.execution_worker import SyncExecutionWorker

from deployer.json_document import Document
from local.virtual_time.functions import FunctionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time import VirtualClock

ACCOUNT_ID = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/state-machine"
MACHINE = f"arn:aws:states:us-east-1:{ACCOUNT_ID}:stateMachine:deploy-endpoint"


@dataclass
class MotoRun:
    """A run of one execution on moto's interpreter, in the thread of its caller.

    Attributes:
        definition: The state machine.
        document: The execution's input.
        clock: The time, which waits let pass.
        invoke: Calls a function by its ARN with a payload; raises FunctionError.
        name: The execution's name.
    """

    definition: Document
    document: Any
    clock: VirtualClock
    invoke: Callable[[str, Any], Any]
    name: str = "moto"
    _worker: Any = field(default=None, init=False)

    def run(self) -> None:
        """Run it to its end."""
        ended = mock.Mock()
        self._worker = SyncExecutionWorker(self._details(), ended, None, {})
        with ExitStack() as stack:
            for patch in (
                mock.patch.object(lambda_eval_utils, "boto_client_for", return_value=_Lambda(self.invoke)),
                mock.patch.object(WaitFunction, "_wait_interval", self._wait),
                mock.patch.object(StateTaskServiceCallback, "_wait_for_task_token_timeout", self._wait_for_token),
                mock.patch.object(retrier_decl, "time", mock.Mock(sleep=self.clock.sleep)),
                mock.patch.object(state, "datetime", mock.Mock(datetime=mock.Mock(now=self._now), timezone=timezone)),
            ):
                stack.enter_context(patch)
            self._worker.start()
        ended.terminated.assert_called_once()

    @property
    def arn(self) -> str:
        """The execution's ARN."""
        return f"{MACHINE.replace(':stateMachine:', ':execution:')}:{self.name}"

    @property
    def events(self) -> list[Document]:
        """Its history so far."""
        events: list[Document] = self._worker.env.event_manager.get_event_history()
        return [{**event, "type": str(event["type"].value)} for event in events]

    @property
    def states(self) -> list[str]:
        """The states that it has entered."""
        return [each["stateEnteredEventDetails"]["name"] for each in self.events if "stateEnteredEventDetails" in each]

    @property
    def failure(self) -> tuple[str, str]:
        """The error and the cause that it ended with; empty if it succeeded."""
        failed = [each["executionFailedEventDetails"] for each in self.events if "executionFailedEventDetails" in each]
        return (failed[0].get("error", ""), failed[0].get("cause", "")) if failed else ("", "")

    @property
    def output(self) -> Any:
        """Its output, if it succeeded."""
        last = self.events[-1].get("executionSucceededEventDetails", {}).get("output")
        return None if last is None else json.loads(last)

    def send_success(self, token: str, output: str) -> None:
        """Complete a task that waits for a token."""
        assert self._worker.env.callback_pool_manager.notify(token, CallbackOutcomeSuccess(token, output))

    def _wait(self, env: Any, wait_seconds: float) -> None:
        assert env.is_running()
        self.clock.sleep(wait_seconds)

    def _wait_for_token(self, timeout_seconds: int, callback_endpoint: Any) -> Any:
        """Let the world go on second by second until the token is used, or its time is over."""
        end = self.clock.now() + timeout_seconds
        while callback_endpoint.get_outcome() is None and self.clock.now() < end:
            self.clock.run(until=min(end, self.clock.now() + 1))
        return callback_endpoint.get_outcome()

    def _now(self, **_: Any) -> datetime:
        return datetime.fromtimestamp(self.clock.now(), UTC)

    def _details(self) -> EvaluationDetails:
        started = self._now().isoformat(timespec="milliseconds")
        return EvaluationDetails(
            AWSExecutionDetails(ACCOUNT_ID, "us-east-1", ROLE),
            ExecutionDetails(self.arn, self.name, ROLE, self.document, started),
            StateMachineDetails(MACHINE, "deploy-endpoint", "STANDARD", json.dumps(self.definition)),
        )


@dataclass
class _Lambda:
    """Lambda's client, as the interpreter uses it."""

    function: Callable[[str, Any], Any]

    def invoke(self, FunctionName: str, Payload: bytes, **_: Any) -> Document:  # noqa: N803 - boto3's
        """Call a function."""
        try:
            answer = self.function(FunctionName, json.loads(Payload))
        except FunctionError as error:
            report = {"errorType": error.error, **json.loads(error.cause)}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(report).encode())}
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}
