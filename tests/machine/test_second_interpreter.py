"""The definition runs alike on a second interpreter, moto's: what it does is the language's meaning and no accident."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timezone
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state import state
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.evaluation_details import (
    AWSExecutionDetails,
    EvaluationDetails,
    ExecutionDetails,
    StateMachineDetails,
)
from moto.stepfunctions.parser.backend.execution_worker import SyncExecutionWorker

from local.simulator import Fault, Settings
from local.virtual_time.functions import FunctionError, invoke, timeout_of
from tests.machine.factories import ALARM, ANSWERS, CANARY, deploy, request, rollback

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT_ID = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/state-machine"


@dataclass(frozen=True)
class Story:
    """What an interpreter made of a request: the states, the end, and what SageMaker was asked."""

    states: list[str]
    error: str
    cause: str
    calls: list[tuple[str, str]]


class Functions:
    """Lambda's client, as the interpreter uses it."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock

    def invoke(self, FunctionName: str, Payload: bytes, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's
        """Invoke a handler."""
        name = FunctionName.rpartition(":")[2]
        module = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        try:
            answer = invoke(module, json.loads(Payload), self._clock, timeout_of(name))
        except FunctionError as error:
            report = {"errorType": error.error, **json.loads(error.cause)}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(report).encode())}
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


def on_moto(world: Any, document: Any) -> Story:
    """Run a request on moto's interpreter, in the world's time."""
    clock, before = world.clock, len(world.simulator.calls)

    def now(**_: Any) -> datetime:
        return datetime.fromtimestamp(clock.now(), UTC)

    def wait(_self: Any, env: Any, wait_seconds: float) -> None:
        assert env.is_running()
        clock.sleep(wait_seconds)

    details = EvaluationDetails(
        AWSExecutionDetails(ACCOUNT_ID, "us-east-1", ROLE),
        ExecutionDetails(
            f"arn:aws:states:us-east-1:{ACCOUNT_ID}:execution:deploy-endpoint:moto",
            "moto",
            ROLE,
            document,
            now().isoformat(timespec="milliseconds"),
        ),
        StateMachineDetails(
            f"arn:aws:states:us-east-1:{ACCOUNT_ID}:stateMachine:deploy-endpoint",
            "deploy-endpoint",
            "STANDARD",
            json.dumps(world.machine.definition),
        ),
    )
    ended = mock.Mock()
    worker = SyncExecutionWorker(details, ended, None, {})
    with (
        mock.patch.object(lambda_eval_utils, "boto_client_for", return_value=Functions(clock)),
        mock.patch.object(WaitFunction, "_wait_interval", wait),
        mock.patch.object(retrier_decl, "time", mock.Mock(sleep=clock.sleep)),
        mock.patch.object(state, "datetime", mock.Mock(datetime=mock.Mock(now=now), timezone=timezone)),
    ):
        worker.start()
    ended.terminated.assert_called_once()
    events = worker.env.event_manager.get_event_history()
    entered = [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]
    failed: dict[str, Any] = next(
        (event["executionFailedEventDetails"] for event in events if "executionFailedEventDetails" in event), {}
    )
    return Story(entered, failed.get("error", ""), failed.get("cause", ""), calls(world, before))


def on_ours(world: Any, document: Any) -> Story:
    """Run a request on the interpreter of all other tests."""
    before = len(world.simulator.calls)
    execution = world.run(document, name="ours")
    return Story(execution.states, execution.error, execution.cause, calls(world, before))


def calls(world: Any, before: int) -> list[tuple[str, str]]:
    """Return what SageMaker was asked since, and how it went."""
    return [(call.operation, call.outcome) for call in world.simulator.calls[before:]]


PROVEN = request("b", SmokeTest=ANSWERS, DeploymentConfig=CANARY)
STALE = Settings(faults=(Fault("CreateEndpointConfig", "stale"), Fault("UpdateEndpoint", "stale", times=2)))
STORIES: dict[str, tuple[str, Settings, Any, str]] = {
    "a new endpoint": ("", Settings(), PROVEN, "Deployed"),
    "an update": ("a", Settings(), PROVEN, "Deployed"),
    "retries by name": ("a", STALE, PROVEN, "Deployed"),
    "nothing to do": ("b", Settings(), request("b"), "NothingToDo"),
    "a rollback": ("ab", Settings(), rollback(), "Deployed"),
    "a wrong request": ("", Settings(), {"EndpointName": "ch urn"}, "Rejected"),
    "no request": ("", Settings(), [1, 2], "Rejected"),
    "nothing to evaluate": ("", Settings(), {"EndpointName.$": "$.x", "Models": "States.Format('{}')"}, "Rejected"),
    "a refusal": ("a", Settings(faults=(Fault("UpdateEndpoint", "rejected", message="no"),)), PROVEN, "Failed"),
    "a failed proof": ("a", Settings(broken_models={"b": "broken"}), PROVEN, "Failed"),
    "a function that is killed": ("", Settings(faults=(Fault("CreateModel", "killed", "after"),)), PROVEN, "Deployed"),
    "the deadline": ("", Settings(create_seconds=8000), request("b"), "TimedOut"),
}


@pytest.mark.parametrize(("live", "settings", "document", "end"), STORIES.values(), ids=STORIES)
def test_both_interpreters_tell_one_story(
    make_world: Callable[..., Any], live: str, settings: Settings, document: Any, end: str
) -> None:
    """The same states in the same order, the same end, and the same calls."""
    stories = []
    for run in (on_ours, on_moto):
        world = make_world()
        world.make_alarm(ALARM)
        deploy(world, *live)
        world.clock.sleep(60)
        world.simulator.settings = settings
        stories.append(run(world, document))

    ours, motos = stories
    assert ours.states[-1] == end
    assert motos == ours
