"""The calls, time and costs of a deployment, by its path, in virtual time with the shipped machine and functions."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from unittest import mock

from local.simulator import EventDelivery, Settings
from local.simulator.settings import Fault
from local.states_language.history import SCHEDULED

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.json_document import Document
    from local.virtual_time.execution import Execution
    from local.virtual_time.world import World

CALL_SECONDS = 0.2
HOUR = 3600.0
KEY = "models/churn/model.tar.gz"
LAGS = (0, 1, 10, 60, 120, 300)

_SERVICES = {
    "application-autoscaling": "Application Auto Scaling",
    "cloudwatch": "CloudWatch",
    "events": "EventBridge",
    "s3": "S3",
    "stepfunctions": "Step Functions",
}
_SHARED = {"PlanAgain": "PlanDeployment", "AnnounceRejection": "AnnounceOutcome"}
_CHANGES = frozenset({"CreateEndpoint", "UpdateEndpoint", "UpdateEndpointWeightsAndCapacities"})
_SLOW = (Fault("*", "slow", times=None, seconds=CALL_SECONDS),)
_EIGHT_STEPS: Document = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "LINEAR",
            "WaitIntervalInSeconds": 3600,
            "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 13},
        }
    }
}
_REFUSED: Document = {"SmokeTest": {"Body": "x", "Expect": {"Contains": "nothing like it"}}}


@dataclass(frozen=True)
class Path:
    """The calls, time and costs of one execution.

    Attributes:
        name: As the tables have it.
        outcome: How it ended.
        calls: Calls of AWS, by service and operation, those of `WakeExecution` included.
        transitions: State transitions, as Step Functions charges for them: states entered, and retries.
        invocations: How often each function was invoked.
        seconds: From the start of the execution to its end.
        service_seconds: How long SageMaker was changing the endpoint in between.
        noticed_seconds: From the moment that the endpoint is in service to the end of the wait for it.
    """

    name: str
    outcome: str
    calls: Counter[str]
    transitions: int
    invocations: Counter[str]
    seconds: float
    service_seconds: float
    noticed_seconds: float


def play_paths(make_world: Callable[..., World]) -> list[Path]:
    """Play every path once, without lag or faults, and with events that arrive within seconds."""
    world = make_world(Settings(create_seconds=600, faults=_SLOW))
    paths = [
        _play("create, 10 minutes", world, lambda: world.upload(KEY, b"one")),
        _play("update", world, lambda: world.upload(KEY, b"two")),
        _play("rollback", world, lambda: world.machine.start({"EndpointName": "churn", "Rollback": True})),
    ]
    world = make_world(Settings(scale_seconds=60, faults=_SLOW))
    event = world.requested(_request("a"))
    _play("create", world, lambda: world.machine.start(event))
    paths.append(_play("duplicate event", world, lambda: world.machine.start(event)))
    paths.append(_play("change of a count", world, lambda: world.machine.start(_request("a", count=2))))
    with mock.patch.dict(os.environ, DEPLOYMENT_TIMEOUT_SECONDS="43200"):
        gradual = _request("b", DeploymentConfig=_EIGHT_STEPS)
        paths.append(_play("gradual update, 8 hours", world, lambda: world.machine.start(gradual)))
    failing = _request("c", **_REFUSED)
    paths.append(_play("update that fails its smoke test", world, lambda: world.machine.start(failing)))
    return paths


def play_lags(make_world: Callable[..., World]) -> dict[int, Path]:
    """Play a creation at every replica lag."""
    return {lag: _create(make_world, Settings(lag=lag, faults=_SLOW)) for lag in LAGS}


def play_without_events(make_world: Callable[..., World]) -> Path:
    """Play a creation of ten minutes whose events are lost, so that only looks notice its end."""
    return _create(make_world, Settings(create_seconds=600, faults=_SLOW, events=EventDelivery(lost=1)))


def _create(make_world: Callable[..., World], settings: Settings) -> Path:
    world = make_world(settings)
    return _play("create", world, lambda: world.upload(KEY, b"one"))


def _request(tag: str, count: int = 1, **more: Any) -> Document:
    image = f"111122223333.dkr.ecr.us-east-1.amazonaws.com/churn:{tag}"
    variants = [{"InstanceType": "ml.m5.large", "InitialInstanceCount": count}]
    models = {"m": {"PrimaryContainer": {"Image": image, "ModelDataUrl": None}}}
    config = {"ProductionVariants": variants}
    return {"EndpointName": "churn", "Models": models, "EndpointConfig": config, **more}


def _play(name: str, world: World, start: Callable[[], Execution]) -> Path:
    world.clock.sleep(HOUR)
    calls: Counter[str] = Counter()

    def count(service: str, operation: str, when: str) -> None:
        if when == "before":
            calls[f"{_SERVICES[service]} {operation}"] += 1
            world.clock.sleep(CALL_SECONDS)

    world.inject_fault, first, woken = count, len(world.simulator.calls), world.rules.invocations.copy()
    execution = start()
    world.machine.run()
    made = world.simulator.calls[first:]
    calls += Counter(f"SageMaker {call.operation}" for call in made)
    entered = [(_entry(event), _moment(event)) for event in execution.events if "stateEnteredEventDetails" in event]
    changes = [call.time for call in made if call.operation in _CHANGES and call.outcome == "ok"]
    rested = _moment_of_rest(world) if changes else 0.0
    noticed = next((moment for state, moment in entered if state == "ChooseSmokeTest"), rested)
    return Path(
        name=name,
        outcome=world.bus[-1]["Outcome"],
        calls=calls,
        transitions=len(entered) + len(execution.failures),
        invocations=_invocations(execution) + (world.rules.invocations - woken),
        seconds=entered[-1][1] - entered[0][1],
        service_seconds=rested - changes[0] if changes else 0.0,
        noticed_seconds=max(0.0, noticed - rested),
    )


def _moment_of_rest(world: World) -> float:
    (endpoint,) = world.simulator.resources()["Endpoints"].values()
    modified: datetime = endpoint["LastModifiedTime"]
    return modified.timestamp()


def _invocations(execution: Execution) -> Counter[str]:
    """Count the attempts of each task, by its function."""
    counted: Counter[str] = Counter()
    state = ""
    for event in execution.events:
        if "stateEnteredEventDetails" in event:
            state = _entry(event)
        elif event["type"] in SCHEDULED:
            counted[_SHARED.get(state, state)] += 1
    return counted


def _entry(event: Document) -> str:
    return str(event["stateEnteredEventDetails"]["name"])


def _moment(event: Document) -> float:
    return datetime.fromisoformat(event["timestamp"]).timestamp()
