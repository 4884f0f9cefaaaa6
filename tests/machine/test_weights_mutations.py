"""The deployer broken on purpose, in one way each: what a change of weights relies on beside other runs and sweeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

import update_endpoint
import update_weights
from deployer.aws.s3 import Objects
from deployer.aws.sagemaker import SageMaker
from deployer.cleanup import restore, restore_view
from deployer.cleanup.in_use import Account
from deployer.drift import look
from deployer.planning.record_weights import record_weights
from local.simulator import Failure, Fault, Settings
from tests.machine.drifts import kinds
from tests.machine.factories import ANSWERS, DAY, HOUR, REFUSES, deploy_one, run_into
from tests.machine.mutations import around
from tests.machine.weight_samples import CHANGE, split
from tests.machine.weighted_endpoints import (
    check_deployed,
    check_whole,
    requested,
    requested_weights,
    reset_weights_on_rollback,
    served,
    weights,
)

if TYPE_CHECKING:
    from local.virtual_time.world import World

SETTINGS = Settings(create_seconds=45, update_seconds=45, scale_seconds=20)
Scenario = Callable[[Any], None]
Breakage = Callable[[pytest.MonkeyPatch], None]


def prepare(make_world: Any, *wanted: Any) -> World:
    """Make a world with an endpoint that was given weights, one after the other."""
    world: World = make_world(SETTINGS)
    for each in wanted or (split(9, 1),):
        deploy_one(world, each)
    world.clock.sleep(60)
    return world


def killed_after_the_change(make_world: Any) -> None:
    """A run is stopped while its function is killed, right after SageMaker has accepted the change."""
    world = prepare(make_world)
    world.simulator.settings = Settings(scale_seconds=20, faults=(Fault(CHANGE, "killed", "after", times=None),))
    execution = world.machine.start(split(5, 5))
    run_into(world, execution, "UpdateWeights")
    world.machine.stop(execution)
    world.machine.run(world.clock.now() + 60)

    check_whole(world)


def two_runs_at_the_same_number(make_world: Any) -> None:
    """The older run reads the record, and pauses; the newer one writes the next number and is deployed."""
    world = prepare(make_world)
    paused: list[bool] = []

    def pause(service: str, operation: str, when: str) -> None:
        is_record = (service, operation, when) == ("s3", "PutObject", "before") and first.states[-1] == "UpdateWeights"
        if is_record and not paused:
            paused.append(True)
            world.clock.sleep(45)

    older, newer = requested(world, split(2, 8), 0, "older"), requested(world, split(5, 5), 30, "newer")
    first, began = world.machine.start(older), world.clock.now()
    world.inject_fault = pause
    world.machine.start(newer, at=began + 2)
    world.machine.run()

    assert paused
    assert weights(world) == requested_weights(split(5, 5))
    check_deployed(world, check_whole(world))


def update_planned_before_newer_weights(make_world: Any) -> None:
    """An older update is slow to create its config; meanwhile a newer change of weights is deployed."""
    world = prepare(make_world)
    slow = Fault("CreateEndpointConfig", "slow", seconds=50)
    world.simulator.settings = Settings(scale_seconds=20, update_seconds=45, faults=(slow,))
    older = requested(world, split(4, 6, image="new"), 0, "older")
    newer = requested(world, split(5, 5), 30, "newer")
    began = world.clock.now()
    world.machine.start(older, at=began)
    world.machine.start(newer, at=began + 2)
    world.machine.run()

    assert weights(world) == requested_weights(split(5, 5))
    check_deployed(world, check_whole(world))


def failed_smoke_test(make_world: Any) -> None:
    """The smoke test of a change of weights fails."""
    world = prepare(make_world)
    world.run(split(5, 5, SmokeTest=REFUSES))

    assert weights(world) == requested_weights(split(9, 1))
    assert "RestoreError" not in world.bus[-1]
    check_deployed(world, check_whole(world))


def failed_update_over_other_weights(make_world: Any) -> None:
    """SageMaker itself goes back to a config with other weights."""
    world = prepare(make_world, split(9, 1), split(5, 5))
    world.simulator.settings = Settings(scale_seconds=20, failures=(Failure("*", "Creating", "No capacity."),))
    world.run(split(4, 6, image="new"))

    assert weights(world) == requested_weights(split(5, 5))
    check_deployed(world, check_whole(world))


def swept_after_a_stopped_run(make_world: Any) -> None:
    """A run is stopped after it has changed the weights; days later the sweep comes."""
    world = prepare(make_world)
    execution = world.machine.start(split(5, 5, SmokeTest=ANSWERS))
    run_into(world, execution, "DescribeEndpoint")
    world.machine.stop(execution)
    world.clock.sleep(2 * DAY)
    for _ in range(2):
        world.sweep()

    assert served(world) in world.names["EndpointConfigs"]


def no_drift(make_world: Any) -> None:
    """An endpoint has other weights than its config."""
    world = prepare(make_world, split(9, 1), split(5, 5))

    assert kinds(world, 2 * HOUR) == []


def record_later(patch: pytest.MonkeyPatch) -> None:
    """Record the revision after the change."""
    given: list[Any] = []

    def note(*each: Any) -> bool:
        given.append(each)
        return True

    def changed(call: Callable[..., None], *asked: Any) -> None:
        call(*asked)
        record_weights(*given[-1])

    patch.setattr(update_weights, "record_weights", note)

    around(patch, SageMaker, "update_weights", changed)


def overwrite(patch: pytest.MonkeyPatch) -> None:
    """Overwrite what another run has recorded."""

    def put(_inner: Any, self: Objects, bucket: str, key: str, body: bytes) -> bool:
        self._call("PutObject", Bucket=bucket, Key=key, Body=body)
        return True

    around(patch, Objects, "put_if_absent", put)


def record_nothing(patch: pytest.MonkeyPatch) -> None:
    """Take a number that another run has written for the run's own."""
    patch.setattr(update_weights, "record_weights", lambda *given: record_weights(*given) or True)


def put_nothing_back(patch: pytest.MonkeyPatch) -> None:
    """Leave the weights of a failed revision."""
    patch.setattr(restore, "put_back_weights", lambda *_: None)


def miss_nothing(patch: pytest.MonkeyPatch) -> None:
    """Do not look whether the weights of the revision before lack."""
    patch.setattr(restore_view, "missing_weights", lambda *_: [])


def believe_the_config(module: Any, name: str) -> Breakage:
    """Take what SageMaker shows for what is served, in one module."""

    class Blind:
        @staticmethod
        def served(endpoint: Any) -> str:
            return str(endpoint.get("EndpointConfigName", ""))

    return lambda patch: patch.setattr(module, name, lambda *_: Blind())


def sweep_without_the_record(patch: pytest.MonkeyPatch) -> None:
    """Sweep what no endpoint has, whatever the record says."""

    def look_at(inner: Any, self: Account) -> Any:
        self._weights = type("Blind", (), {"served": staticmethod(lambda each: each["EndpointConfigName"])})()
        return inner(self)

    around(patch, Account, "_look_at_endpoints", look_at)


MUTATIONS: dict[str, tuple[Breakage, Scenario]] = {
    "records after the call": (record_later, killed_after_the_change),
    "overwrites the record": (overwrite, two_runs_at_the_same_number),
    "ignores that a number is taken": (record_nothing, two_runs_at_the_same_number),
    "puts no weights back": (put_nothing_back, failed_smoke_test),
    "trusts SageMaker's own rollback": (miss_nothing, failed_update_over_other_weights),
    "updates without the record": (
        believe_the_config(update_endpoint, "weight_record"),
        update_planned_before_newer_weights,
    ),
    "sweeps without the record": (sweep_without_the_record, swept_after_a_stopped_run),
    "reports drift without the record": (believe_the_config(look, "WeightRecord"), no_drift),
}


@pytest.mark.parametrize(("break_it", "scenario"), MUTATIONS.values(), ids=MUTATIONS)
def test_broken_change_of_weights_is_noticed(
    make_world: Any, monkeypatch: pytest.MonkeyPatch, break_it: Breakage, scenario: Scenario
) -> None:
    """The scenario passes as the deployer is, and fails as it would be."""
    reset_weights_on_rollback(monkeypatch)
    scenario(make_world)
    break_it(monkeypatch)

    with pytest.raises(AssertionError):
        scenario(make_world)
