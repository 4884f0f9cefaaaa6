"""The scaling of a revision: registered after its proof, set aside for changes that need it, and put back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.json_document import Document
from local.simulator import Settings
from local.virtual_time.world import STACK_NAME
from tests.machine.factories import (
    ANSWERS,
    deploy_one,
    endpoint_of,
    request,
    rollback,
    serves,
)
from tests.machine.scaling_samples import LARGER, NIGHT, POLICY, register_target, registered, scaled

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World


def test_scaling_is_registered_after_the_proof_with_the_stacks_tag(world: World) -> None:
    """Bounds, policies and scheduled actions are there when the deployment has succeeded."""
    deploy_one(world, request("a", SmokeTest=ANSWERS, **scaled(4, POLICY, ScheduledActions=[NIGHT])))

    assert registered(world) == {"AllTraffic": (1, 4, "invocations", "night")}
    [target] = world.scaling.targets_of("churn")
    assert world.scaling.tags_of(target["ScalableTargetARN"]) == {"endpoint-deployer:stack": STACK_NAME}


def test_deployment_without_scaling_asks_for_none(world: World) -> None:
    """The state is not entered."""
    deploy_one(world, request("a"))

    assert "RegisterScaling" not in world.run(request("b")).states


@pytest.mark.parametrize(
    ("then", "left"),
    [
        pytest.param(scaled(6, POLICY), {"AllTraffic": (1, 6, "invocations")}, id="kept and changed"),
        pytest.param(scaled(4), {"AllTraffic": (1, 4)}, id="without the policy"),
        pytest.param({}, {}, id="without scaling"),
    ],
)
def test_next_revision_replaces_the_scaling(world: World, then: Document, left: Document) -> None:
    """Registered entries that the revision lacks are deleted."""
    deploy_one(world, request("a", **scaled(4, POLICY, ScheduledActions=[NIGHT])))

    deploy_one(world, request("b", **then))

    assert serves(world) == "b"
    assert registered(world) == left


def test_scaling_alone_makes_a_revision(world: World) -> None:
    """Equal models and config under other bounds are deployed; the same request again is nothing to do."""
    deploy_one(world, request("a", **scaled(4)))
    deploy_one(world, request("a", **scaled(5)))
    world.clock.sleep(60)

    again = world.run(request("a", **scaled(5)))

    assert registered(world) == {"AllTraffic": (1, 5)}
    assert again.states[-1] == "NothingToDo"


def test_rollback_brings_its_scaling_along(world: World) -> None:
    """The stored request has it."""
    deploy_one(world, request("a", **scaled(4, POLICY)))
    deploy_one(world, request("b", **scaled(9)))

    deploy_one(world, rollback())

    assert serves(world) == "a"
    assert registered(world) == {"AllTraffic": (1, 4, "invocations")}


@pytest.mark.parametrize("then", [scaled(5), {}], ids=["scaled again", "scaled no more"])
def test_instance_type_changes_under_own_scaling(world: World, then: Document) -> None:
    """SageMaker refuses it under a scalable target, so the deployer sets its own one aside."""
    deploy_one(world, request("a", **scaled(4, POLICY)))

    deploy_one(world, request("b", **LARGER, **then))

    assert serves(world) == "b"
    assert registered(world) == ({"AllTraffic": (1, 5)} if then else {})


NO_CAPACITY = Settings(failure_reasons={"*": "Unable to provision requested ML compute capacity"})
FAILING = {"its test": (Settings(broken_models={"bad": "cannot predict"}), "bad"), "its start": (NO_CAPACITY, "b")}


@pytest.mark.parametrize("change", [{}, LARGER], ids=["same instances", "other instances"])
@pytest.mark.parametrize("new", [scaled(9), {}], ids=["scaled", "not scaled"])
@pytest.mark.parametrize(("settings", "content"), FAILING.values(), ids=FAILING)
def test_failed_update_leaves_the_scaling_that_there_was(
    world: World, settings: Settings, content: str, new: Document, change: Document
) -> None:
    """Whether the deployer changes the endpoint back or SageMaker does."""
    deploy_one(world, request("a", **scaled(4, POLICY, ScheduledActions=[NIGHT])))
    before = registered(world)
    world.simulator.settings = settings
    world.clock.sleep(60)

    execution = world.run(request(content, SmokeTest=ANSWERS, **new, **change))

    assert execution.states[-1] == "Failed"
    assert serves(world) == "a"
    assert registered(world) == before


def test_new_endpoint_that_fails_leaves_no_target(make_world: Callable[..., World]) -> None:
    """SageMaker deregisters what is scaled of an endpoint that it deletes."""
    world = make_world()
    real = world.scaling.call

    def refuse(name: str, parameters: Document) -> Document:
        if name == "PutScalingPolicy":
            parameters = {**parameters, "PolicyType": "PredictiveScaling"}
        return real(name, parameters)

    world.scaling.call = refuse  # type: ignore[method-assign]
    execution = world.run(request("a", **scaled(4, POLICY)))

    assert execution.error == "ScalingRejectedError"
    assert world.names["Endpoints"] == []
    assert world.scaling.targets_of("churn") == []


def test_foreign_target_is_left_alone(world: World) -> None:
    """Its variant cannot be scaled by a request; the message says how to hand it over."""
    deploy_one(world, request("a"))
    register_target(world)
    world.clock.sleep(60)

    rejected = world.run(request("b", **scaled(4)))
    deploy_one(world, request("c"))

    assert rejected.states[-1] == "Rejected"
    assert "aws application-autoscaling tag-resource --resource-arn" in rejected.cause
    assert registered(world) == {"AllTraffic": (1, 20)}
    assert endpoint_of(world)["EndpointStatus"] == "InService"
