"""Whether SageMaker rolled an update back: neither a scaling before it nor a newer request after it hides that."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest

from local.simulation.checker import check
from local.simulation.runner import run_scenario
from local.simulator import EventDelivery, Settings
from tests.machine.factories import ALARM, CANARY, deploy, entered, moment_of, request, serves
from tests.machine.rollback_scenarios import (
    rolled_back_before_a_newer_request,
    scaled_before_its_update,
    woken_for_nothing,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulation.scenario import Scenario
    from local.virtual_time.world import World

LAG = Settings(lag=300, least_lag=300, update_seconds=600)
LOST = EventDelivery(lost=1)


@pytest.mark.parametrize("make", [scaled_before_its_update, rolled_back_before_a_newer_request, woken_for_nothing])
def test_scenario_violates_no_invariant(make_world: Callable[..., World], make: Callable[[int], Scenario]) -> None:
    for seed in range(3):
        violations, _ = check(run_scenario(make(seed), make_world))

        assert violations == [], seed


def update_after(world: World, act: Callable[[World], None]) -> float:
    """Deploy, and update while somebody acts; return when the update began, in seconds after the world did."""
    began = world.clock.now()
    act(world)
    deploy(world, "a")
    world.clock.sleep(1200)
    execution = world.run(request("b"))
    return dict(entered(execution))["UpdateEndpoint"] - began


def scale(world: World, at: float) -> None:
    """Let somebody change weights some seconds after the world began."""
    weights = [{"VariantName": "AllTraffic", "DesiredWeight": 2.0}]
    change = {"EndpointName": "churn", "DesiredWeightsAndCapacities": weights}
    call = functools.partial(world.simulator.call, "UpdateEndpointWeightsAndCapacities", change)
    world.clock.spawn(call, name="scaling", at=world.clock.now() + at)


@pytest.mark.parametrize("seconds", [299, 290, 270, 240, 180, 100])
def test_scaling_before_an_update_does_not_look_like_its_rollback(
    make_world: Callable[..., World], seconds: int
) -> None:
    """Every replica lags five minutes, so the first looks see the scaled endpoint only."""
    updated_at = update_after(make_world(LAG), lambda _: None)
    scale_at = updated_at - seconds

    update_after(world := make_world(LAG), lambda world: scale(world, scale_at))

    assert (world.outcomes, serves(world)) == (["Deployed", "Deployed"], "b")
    assert world.count("UpdateEndpointWeightsAndCapacities") == 1


@pytest.mark.parametrize("delivery", [EventDelivery(), LOST], ids=["events arrive", "events are lost"])
@pytest.mark.parametrize("pause", [1, 30, 400], ids=["a second", "half a minute", "minutes"])
def test_rollback_by_alarm_is_a_failure_also_if_another_run_has_the_endpoint_next(
    make_world: Callable[..., World], delivery: EventDelivery, pause: int
) -> None:
    """Another request waits for its turn, and begins as soon as SageMaker has rolled the canary back."""
    world = make_world(Settings(events=delivery))
    world.make_alarm(ALARM)
    deploy(world, "a")
    began = world.clock.now() + 60
    canary = world.machine.start(request("b", DeploymentConfig=CANARY), at=began)
    other = world.machine.start(request("c"), at=began + 350 + pause)
    world.clock.spawn(lambda: world.make_alarm(ALARM, "ALARM"), name="alarm", at=began + 400)

    world.machine.run()

    assert (canary.error, other.states[-1]) == ("UpdateRolledBackError", "Deployed")
    assert f"In state ALARM: {ALARM}." in canary.cause
    assert serves(world) == "c"


def test_revision_that_another_request_replaced_unnoticed_is_superseded(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was in service for half an hour, and no event said so."""
    monkeypatch.setenv("DEPLOYMENT_TIMEOUT_SECONDS", "43200")
    world = make_world(Settings(events=LOST))
    deploy(world, "a")
    world.simulator.settings = Settings(events=LOST, update_seconds=2400)
    first = world.machine.start(request("b"), at=world.clock.now() + 60)
    world.machine.run(world.clock.now() + 600)
    second = world.machine.start(request("c"), at=world.clock.now() + 60)

    world.machine.run()

    assert (first.states[-1], second.states[-1]) == ("Superseded", "Deployed")


@pytest.mark.parametrize("timeout", [1200, 7200, 43_200])
@pytest.mark.parametrize("wakes", [(), (100,), (1000, 1003, 1100)], ids=["never woken", "woken", "woken thrice"])
def test_run_times_out_within_seconds_of_its_deadline(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, timeout: int, wakes: tuple[int, ...]
) -> None:
    """Events that report no change move its looks to any times."""
    monkeypatch.setenv("DEPLOYMENT_TIMEOUT_SECONDS", str(timeout))
    world = make_world(Settings(create_seconds=100_000, events=LOST))
    began = world.clock.now()
    execution = world.machine.start(request("a"))
    detail = {"EndpointName": "churn", "EndpointStatus": "IN_SERVICE"}
    event = world.event("aws.sagemaker", "SageMaker Endpoint State Change", detail, [])
    for moment in wakes:
        world.clock.spawn(lambda: world.rules.deliver(event), name="event", at=began + moment)

    world.machine.run()

    assert execution.states[-1] == "TimedOut"
    assert -0.1 <= moment_of(execution.events[-1]) - began - timeout <= 15


@pytest.mark.parametrize("poll", [1, 60, 300])
def test_run_that_waits_its_turn_times_out_within_seconds_of_its_deadline(
    world: World, monkeypatch: pytest.MonkeyPatch, poll: int
) -> None:
    monkeypatch.setenv("POLL_INTERVAL_SECONDS", str(poll))
    deploy(world, "a")
    world.simulator.set_status("churn", "Updating", seconds=100_000)
    began = world.clock.now()

    execution = world.run(request("b"))

    assert execution.states[-1] == "TimedOut"
    assert -0.1 <= moment_of(execution.events[-1]) - began - 7200 <= 15
