"""Updates of endpoints whose targets are not those of the revision that they serve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.json_document import Document
from local.simulator import Settings
from local.virtual_time.world import STACK_NAME
from tests.machine.factories import ANSWERS, deploy_one, request, serves
from tests.machine.scaling_samples import (
    LARGER,
    NIGHT,
    POLICY,
    counts,
    register_target,
    registered,
    scaled,
    set_count,
)

if TYPE_CHECKING:
    from local.virtual_time.world import World

TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/churn/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


def test_counts_stay_although_the_targets_are_set_aside(world: World) -> None:
    """An update that SageMaker rolled back took the targets away, and has not put them back yet."""
    deploy_one(world, request("a", **scaled(9, POLICY)))
    set_count(world, "AllTraffic", 7)
    world.clock.sleep(600)
    world.autoscaling.deregister_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/churn/variant/AllTraffic",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
    )

    world.run(request("b", **scaled(9, POLICY)))

    assert serves(world) == "b"
    assert counts(world) == {"AllTraffic": 7}
    assert registered(world) == {"AllTraffic": (1, 9, "invocations")}


def test_failed_update_leaves_a_target_that_a_person_handed_over(world: World) -> None:
    """Its owner has tagged it for this stack; the revision before says nothing of it."""
    deploy_one(world, request("a"))
    register_target(world, Tags={"endpoint-deployer:stack": STACK_NAME})
    world.simulator.settings = Settings(broken_models={"bad": "cannot predict"})
    world.clock.sleep(60)

    execution = world.run(request("bad", SmokeTest=ANSWERS, **scaled(4)))

    assert (execution.states[-1], serves(world)) == ("Failed", "a")
    assert registered(world) == {"AllTraffic": (1, 20)}


@pytest.mark.parametrize("new", [scaled(4), {}], ids=["scaled", "not scaled"])
def test_handed_over_target_that_was_set_aside_is_registered_again(world: World, new: Document) -> None:
    """The plan has its policies and actions, because no request has them."""
    deploy_one(world, request("a"))
    register_target(world, Tags={"endpoint-deployer:stack": STACK_NAME})
    world.autoscaling.put_scaling_policy(**TARGET, **POLICY)
    world.autoscaling.put_scheduled_action(**TARGET, **NIGHT)
    before = described(world)
    world.simulator.settings = Settings(broken_models={"bad": "cannot predict"})
    world.clock.sleep(60)

    execution = world.run(request("bad", SmokeTest=ANSWERS, **new, **LARGER))

    assert (execution.states[-1], serves(world)) == ("Failed", "a")
    assert registered(world) == {"AllTraffic": (1, 20, "invocations", "night")}
    assert described(world) == before


def described(world: World) -> list[Document]:
    """Return what belongs to the targets, without what is new of each registration."""
    policies = world.autoscaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    actions = world.autoscaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"]
    own = {"PolicyARN", "ScheduledActionARN", "CreationTime"}
    return [{name: value for name, value in each.items() if name not in own} for each in (*policies, *actions)]
