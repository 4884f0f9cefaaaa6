"""Requests with scaling, targets that others register, and questions about what is registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deployer.json_document import Document
from tests.machine.factories import config, endpoint_of, variant
from tests.scaling_documents import nightly, tracking

if TYPE_CHECKING:
    from local.virtual_time.world import World

LARGER = config(variant(InstanceType="ml.m5.xlarge"))
POLICY = tracking("invocations")
NIGHT = nightly("2030-01-01T00:00:00+01:00", MinCapacity=1, MaxCapacity=1)


def scaled(most: int = 4, *policies: Document, **more: Any) -> Document:
    """Build the field of a request that scales its only variant."""
    target = {"MinCapacity": 1, "MaxCapacity": most}
    return {"Scaling": {"AllTraffic": {"ScalableTarget": target, "Policies": [*policies], **more}}}


def registered(world: World) -> Document:
    """Return what is registered of the endpoint's variants: the bounds, and the names of what belongs to them."""
    found: Document = {}
    for target in world.scaling.targets_of("churn"):
        key = {member: target[member] for member in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
        policies = world.scaling.call("DescribeScalingPolicies", key)["ScalingPolicies"]
        actions = world.scaling.call("DescribeScheduledActions", key)["ScheduledActions"]
        found[target["ResourceId"].rpartition("/")[2]] = (
            target["MinCapacity"],
            target["MaxCapacity"],
            *(each["PolicyName"] for each in policies),
            *(each["ScheduledActionName"] for each in actions),
        )
    return found


def register_target(world: World, name: str = "AllTraffic", **more: Any) -> None:
    """Register a variant as a scalable target, as somebody beside the deployer does."""
    world.autoscaling.register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=f"endpoint/churn/variant/{name}",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=1,
        MaxCapacity=20,
        **more,
    )


def set_count(world: World, name: str, count: int) -> None:
    """Set the number of instances of a variant by hand."""
    desired = [{"VariantName": name, "DesiredInstanceCount": count}]
    parameters = {"EndpointName": "churn", "DesiredWeightsAndCapacities": desired}
    world.simulator.call("UpdateEndpointWeightsAndCapacities", parameters)


def counts(world: World) -> dict[str, int]:
    """Return the instances that each variant has."""
    return {each["VariantName"]: each["CurrentInstanceCount"] for each in endpoint_of(world)["ProductionVariants"]}
