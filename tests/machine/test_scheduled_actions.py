"""Scheduled actions whose time passes: a new request with one is rejected, an earlier one can still be gone back to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from deployer.json_document import Document
from local.simulator import Settings
from tests.machine.drifts import kinds
from tests.machine.factories import ANSWERS, DAY, HOUR, deploy_one, request, rollback, serves
from tests.machine.scaling_samples import LARGER, registered, scaled

if TYPE_CHECKING:
    from local.virtual_time.world import World


def once(world: World, seconds: float) -> Document:
    """Build an action that happens once, some seconds from now."""
    moment = datetime.fromtimestamp(world.clock.now(), UTC) + timedelta(seconds=seconds)
    bounds = {"MinCapacity": 2, "MaxCapacity": 4}
    return {
        "ScheduledActionName": "launch",
        "Schedule": f"at({moment:%Y-%m-%dT%H:%M:%S})",
        "ScalableTargetAction": bounds,
    }


def begun(world: World) -> Document:
    """Build an action that repeats, and whose first time has passed."""
    start = datetime.fromtimestamp(world.clock.now() - DAY, UTC).isoformat()
    return {**once(world, 0), "ScheduledActionName": "daily", "Schedule": "rate(1 day)", "StartTime": start}


def test_action_in_the_past_is_rejected_by_its_field(world: World) -> None:
    execution = world.run(request("a", **scaled(4, ScheduledActions=[once(world, -60)])))

    assert execution.states[-1] == "Rejected"
    assert execution.cause.startswith("Scaling.AllTraffic.ScheduledActions[0].Schedule: 'at(")
    assert world.names["Endpoints"] == []


def test_start_in_the_past_is_left_out(world: World) -> None:
    """The action has begun, and repeats."""
    deploy_one(world, request("a", **scaled(4, ScheduledActions=[begun(world)])))

    assert registered(world) == {"AllTraffic": (1, 4, "daily")}
    assert kinds(world) == []


def test_rollback_leaves_out_past_actions(world: World) -> None:
    """The plan has a warning; the registered actions are not drift."""
    deploy_one(world, request("a", **scaled(4, ScheduledActions=[once(world, HOUR)])))
    deploy_one(world, request("b"))
    world.clock.sleep(DAY)

    deploy_one(world, rollback())

    assert serves(world) == "a"
    assert registered(world) == {"AllTraffic": (1, 4)}
    assert world.bus[-1]["Warnings"] == ["Scaling.AllTraffic.ScheduledActions[0]: is in the past, and is left out"]
    assert kinds(world) == []


def test_past_action_is_not_drift(world: World) -> None:
    """Whether or not it is still listed."""
    deploy_one(world, request("a", **scaled(4, ScheduledActions=[once(world, HOUR)])))

    listed = kinds(world, DAY)
    world.autoscaling.delete_scheduled_action(
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/churn/variant/AllTraffic",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        ScheduledActionName="launch",
    )

    assert listed == kinds(world) == []


def test_failed_update_puts_back_future_actions_only(world: World) -> None:
    """The targets were set aside, and the moment passes during the update."""
    deploy_one(world, request("a", **scaled(4, ScheduledActions=[once(world, HOUR), begun(world)])))
    world.simulator.settings = Settings(broken_models={"bad": "cannot predict"}, update_seconds=HOUR)

    execution = world.run(request("bad", SmokeTest=ANSWERS, **LARGER))

    assert (execution.states[-1], serves(world)) == ("Failed", "a")
    assert registered(world) == {"AllTraffic": (1, 4, "daily")}
