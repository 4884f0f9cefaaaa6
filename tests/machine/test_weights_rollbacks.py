"""SageMaker rolls a change back, or a replica lags: the endpoint has the weights of the revision before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from local.simulator import Failure, Settings
from local.simulator.fleet import Fleet
from local.simulator.model_server import BrokenModelError
from tests.machine.factories import ALARM, ANSWERS, CANARY, REFUSES, deploy_one, live_revision, run_into
from tests.machine.scaling_samples import register_target, set_count
from tests.machine.weight_samples import CHANGE, split
from tests.machine.weighted_endpoints import (
    check_deployed,
    check_next,
    check_whole,
    requested_weights,
    reset_weights_on_rollback,
    weights,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.json_document import Document
    from local.virtual_time.world import World

SETTINGS = Settings(create_seconds=45, update_seconds=45, scale_seconds=60)


@pytest.fixture(params=[False, True], ids=["SageMaker keeps weights", "SageMaker resets weights"])
def _rollback_of_sagemaker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which weights an endpoint has after SageMaker has rolled an update back is not documented."""
    if request.param:
        reset_weights_on_rollback(monkeypatch)


@pytest.mark.usefixtures("_rollback_of_sagemaker")
@pytest.mark.parametrize("before", [split(5, 5), split(9, 1, count=3)], ids=["weights", "a count"])
def test_canary_that_an_alarm_ends_leaves_the_weights_of_before(
    make_world: Callable[..., World], before: Document
) -> None:
    """SageMaker goes back to the endpoint config, which has other weights than the revision that was served."""
    world = make_world(SETTINGS)
    base = deploy_one(world, split(9, 1))
    second = deploy_one(world, before)
    world.make_alarm(ALARM)
    world.clock.sleep(60)
    execution = world.machine.start(split(4, 6, image="new", DeploymentConfig=CANARY))
    run_into(world, execution, "DescribeEndpoint")
    world.machine.run(world.clock.now() + 90)
    world.make_alarm(ALARM, "ALARM")

    world.machine.run()

    assert execution.error == "UpdateRolledBackError"
    assert live_revision(world) == base
    check_deployed(world, second)
    assert weights(world) == requested_weights(before)
    world.make_alarm(ALARM)
    check_next(world)


@pytest.mark.usefixtures("_rollback_of_sagemaker")
@pytest.mark.parametrize("chained", [False, True], ids=["first", "second"])
def test_update_whose_fleet_does_not_come_up_leaves_the_weights_of_before(
    make_world: Callable[..., World], *, chained: bool
) -> None:
    world = make_world(SETTINGS)
    old = deploy_one(world, split(9, 1))
    if chained:
        old = deploy_one(world, split(5, 5))
    world.clock.sleep(60)
    world.simulator.settings = replace(SETTINGS, failures=(Failure("*", "Creating", "No capacity."),))

    execution = world.run(split(4, 6, image="new"))

    assert execution.error == "UpdateRolledBackError"
    world.simulator.settings = SETTINGS
    check_deployed(world, old)
    check_next(world)


@pytest.mark.parametrize("lag", [0, 20], ids=["without lag", "replicas lag"])
def test_scale_out_that_fails_is_rolled_back(
    make_world: Callable[..., World], lag: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new instances do not come up; SageMaker keeps the others, and the run fails with its reason."""
    world = make_world(replace(SETTINGS, lag=lag))
    deploy_one(world, split(9, 1))
    old = deploy_one(world, split(5, 5))
    world.clock.sleep(60)
    fail_scale_outs(monkeypatch)

    execution = world.run(split(5, 5, count=3, SmokeTest=ANSWERS))

    assert execution.error == "UpdateRolledBackError"
    assert "No capacity" in execution.cause
    check_deployed(world, old)
    assert world.count(CHANGE) == 2
    monkeypatch.undo()
    check_next(world)


def fail_scale_outs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no further instance come up."""
    inner = Fleet.resize

    def resize(self: Fleet, counts: dict[str, int], *given: float) -> None:
        if any(count > self.variants.counts.get(name, 0) for name, count in counts.items()):
            raise BrokenModelError("No capacity.")
        inner(self, counts, *given)

    monkeypatch.setattr(Fleet, "resize", resize)


@pytest.mark.parametrize("scale", [0, 20, 60], ids="{} s".format)
@pytest.mark.parametrize(("lag", "least"), [(5, 0), (30, 0), (30, 30), (100, 100)])
@pytest.mark.parametrize("test", [ANSWERS, REFUSES], ids=["passes", "fails"])
def test_replicas_that_lag_change_no_outcome(
    make_world: Callable[..., World], lag: float, least: float, scale: float, test: Document
) -> None:
    world = make_world(replace(SETTINGS, lag=lag, least_lag=least, scale_seconds=scale))
    deploy_one(world, split(9, 1))
    old = deploy_one(world, split(7, 3))
    world.clock.sleep(600)

    execution = world.run(split(5, 5, SmokeTest=test))

    world.clock.sleep(600)
    revision = check_whole(world)
    check_deployed(world, revision)
    assert (revision == old) is (test is REFUSES), execution.cause
    assert world.outcomes[-1] == ("Failed" if test is REFUSES else "Deployed"), execution.cause
    # What a replica shows from before the change back makes that be repeated.
    assert test is REFUSES or world.count(CHANGE) == 2
    check_next(world)


def test_counts_of_a_target_stay_after_a_rollback(make_world: Callable[..., World]) -> None:
    """Application Auto Scaling has them by then: only the weights are given back."""
    world = make_world(SETTINGS)
    deploy_one(world, split(9, 1))
    deploy_one(world, split(5, 5))
    register_target(world, "a")
    set_count(world, "a", 4)
    world.clock.sleep(120)
    assert weights(world)["a"] == (5, 4)
    world.simulator.settings = replace(SETTINGS, failures=(Failure("*", "Creating", "No capacity."),))

    execution = world.run(split(4, 6, image="new"))

    assert execution.error == "UpdateRolledBackError"
    assert weights(world) == {"a": (5, 4), "b": (5, 1)}
