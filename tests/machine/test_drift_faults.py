"""Whatever goes wrong while a sweep looks for drift and wherever: it is reported all the same, and repaired once."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING

import pytest

from local.simulator import Fault, Settings
from tests.machine.alarm_scenarios import ERRORS, alarms
from tests.machine.factories import HOUR, deploy_one, endpoint_of, request, serves
from tests.machine.failure_points import TRANSIENT, inject_once, sagemaker_points, watched_points
from tests.machine.scaling_samples import POLICY, registered, scaled

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World

SETTINGS = Settings(create_seconds=45, update_seconds=45)
BOUNDS = {"AllTraffic": (1, 4, "invocations")}


@pytest.fixture(autouse=True)
def _repairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stack repairs endpoints that have another config."""
    monkeypatch.setenv("REPAIR_DRIFT", "ConfigReplaced")


def prepare(make_world: Callable[..., World]) -> World:
    """Make a world whose endpoint a person has changed back to its first revision."""
    world = make_world(SETTINGS)
    deploy_one(world, request("a"))
    first = endpoint_of(world)["EndpointConfigName"]
    world.clock.sleep(60)
    deploy_one(world, request("b", **ERRORS, **scaled(4, POLICY)))
    world.simulator.call("UpdateEndpoint", {"EndpointName": "churn", "EndpointConfigName": first})
    world.clock.sleep(HOUR)
    return world


def sweep_and_repair(world: World) -> None:
    """Sweep, and let everything come to an end."""
    world.sweep()
    world.machine.run()


def check(world: World, point: object) -> None:
    """The replaced config was reported, and the endpoint is repaired: by one execution, with all that belongs to it."""
    assert "ConfigReplaced" in {event["Kind"] for event in world.drift}, point
    repairs = [each for each in world.machine.executions if each.record["name"].startswith("repair-")]
    assert [each.states[-1] for each in repairs] == ["Deployed"], point
    assert serves(world) == "b", point
    assert registered(world) == BOUNDS, point
    assert len(alarms(world)) == 1, point


@pytest.mark.parametrize("fault", TRANSIENT)
def test_transient_fault_of_any_call_changes_nothing(make_world: Callable[..., World], fault: str) -> None:
    """Of S3, CloudWatch, Application Auto Scaling, EventBridge, Step Functions: each in every fourth call."""
    when, error = TRANSIENT[fault]
    world = prepare(make_world)
    points = watched_points(world)
    sweep_and_repair(world)
    assert {service for service, _ in points} >= {"s3", "cloudwatch", "application-autoscaling", "events"}

    for number in range([*TRANSIENT].index(fault), len(points), 4):
        world = prepare(make_world)
        inject_once(world, number, when, error)

        sweep_and_repair(world)

        check(world, points[number])


def test_lost_answer_of_any_call_of_sagemaker_changes_nothing(make_world: Callable[..., World]) -> None:
    """Until the repair creates something, which `test_failure_points` is about."""
    world = prepare(make_world)
    begin = len(world.simulator.calls)
    sweep_and_repair(world)

    for operation, number in takewhile(
        lambda point: point[0] != "CreateEndpointConfig", sagemaker_points(world, begin)
    ):
        world = prepare(make_world)
        world.simulator.settings = replace(SETTINGS, faults=(Fault(operation, "dropped", "after", skip=number),))

        sweep_and_repair(world)

        check(world, (operation, number))
