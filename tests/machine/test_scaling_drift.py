"""What somebody changes of the scaling of a revision is reported as drift; what is not the revision's never is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deployer.json_document import Document
from tests.machine.drifts import kinds
from tests.machine.factories import DAY, deploy_one, request, rollback
from tests.machine.scaling_samples import NIGHT, POLICY, registered, scaled

if TYPE_CHECKING:
    from local.virtual_time.world import World

TARGET: Document = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/churn/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
BOUNDS = {"MinCapacity": 1, "MaxCapacity": 4, "SuspendedState": {"DynamicScalingInSuspended": False}}
SCALED = scaled(4, POLICY, ScheduledActions=[NIGHT], ScalableTarget=BOUNDS)


def tracking(value: float) -> Document:
    """Build the policy of the revision with another value."""
    configuration = {**POLICY["TargetTrackingScalingPolicyConfiguration"], "TargetValue": value}
    return {**POLICY, "TargetTrackingScalingPolicyConfiguration": configuration}


def change(world: World, operation: str, parameters: Document) -> None:
    """Call Application Auto Scaling as somebody other than the deployer."""
    getattr(world.autoscaling, operation)(**TARGET, **parameters)


CHANGES = {
    "other bounds": ("register_scalable_target", {"MinCapacity": 1, "MaxCapacity": 5}),
    "suspended": ("register_scalable_target", {"SuspendedState": {"DynamicScalingInSuspended": True}}),
    "no target": ("deregister_scalable_target", {}),
    "no policy": ("delete_scaling_policy", {"PolicyName": "invocations"}),
    "another policy": ("put_scaling_policy", tracking(50.0)),
    "one more policy": ("put_scaling_policy", {**POLICY, "PolicyName": "by-hand"}),
    "no action": ("delete_scheduled_action", {"ScheduledActionName": "night"}),
    "another action": ("put_scheduled_action", {**NIGHT, "Schedule": "cron(0 20 * * ? *)"}),
    "one more action": ("put_scheduled_action", {**NIGHT, "ScheduledActionName": "by-hand"}),
}


@pytest.mark.parametrize(("operation", "parameters"), CHANGES.values(), ids=CHANGES)
def test_each_change_of_the_stacks_own_scaling_is_reported(
    world: World, operation: str, parameters: dict[str, Any]
) -> None:
    """Each sweep reports it, until another revision registers its own scaling."""
    deploy_one(world, request("a", **SCALED))

    before = kinds(world)
    change(world, operation, parameters)

    assert [before, kinds(world), kinds(world)] == [[], ["ScalingChanged"], ["ScalingChanged"]]
    assert "AllTraffic" in world.drift[-1]["Message"]
    deploy_one(world, request("b", **SCALED))
    assert kinds(world) == []


def test_scaling_as_registered_is_never_reported(world: World) -> None:
    """There is no finding after updates, one without scaling, and a rollback; scaled counts are no difference."""
    for wanted in (request("a", **SCALED), request("b", **scaled(9)), request("c"), rollback()):
        deploy_one(world, wanted)
        assert kinds(world) == []
    desired = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}]
    parameters = {"EndpointName": "churn", "DesiredWeightsAndCapacities": desired}
    world.simulator.call("UpdateEndpointWeightsAndCapacities", parameters)

    assert kinds(world, DAY) == []


def test_foreign_target_is_not_reported(world: World) -> None:
    """Neither the target nor its policies are reported; the revision has no scaling."""
    deploy_one(world, request("a"))
    change(world, "register_scalable_target", {"MinCapacity": 1, "MaxCapacity": 20})
    change(world, "put_scaling_policy", POLICY)

    assert kinds(world) == []


def test_target_that_the_stack_left_behind_is_reported(world: World) -> None:
    """It has the stack's tag, and the revision has no scaling."""
    deploy_one(world, request("a"))
    tags = {"endpoint-deployer:stack": "test"}
    change(world, "register_scalable_target", {"MinCapacity": 1, "MaxCapacity": 20, "Tags": tags})

    assert kinds(world) == ["ScalingChanged"]


def test_same_request_does_not_bring_changed_scaling_back(world: World) -> None:
    """The content is live, so there is nothing to do; scaling that differs from it is deployed."""
    deploy_one(world, request("a", **SCALED))
    change(world, "delete_scaling_policy", {"PolicyName": "invocations"})
    world.clock.sleep(60)

    again = world.run(request("a", **SCALED))

    assert again.states[-1] == "NothingToDo"
    assert kinds(world) == ["ScalingChanged"]
    deploy_one(world, request("a", **scaled(5, POLICY)))
    assert registered(world) == {"AllTraffic": (1, 5, "invocations")}
    assert kinds(world) == []
