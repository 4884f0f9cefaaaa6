"""Records what this stack registers with Application Auto Scaling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.simulation.actors import current_actor
from local.simulation.records import Registration
from local.virtual_time.world import STACK_NAME

if TYPE_CHECKING:
    from local.json_document import Document
    from local.virtual_time.world import World

_NAMES = ("ServiceNamespace", "ResourceId", "ScalableDimension")


def watch_registrations(world: World) -> list[Registration]:
    """Return a list to which every change of what is registered is added, from now on."""
    found: list[Registration] = []
    call = world.scaling.call

    def watched(name: str, parameters: Document) -> Document:
        answer = call(name, parameters)
        if "ResourceId" in parameters and not name.startswith("Describe"):
            endpoint = parameters["ResourceId"].split("/")[1]
            found.append(Registration(world.clock.now(), endpoint, _registered(world, endpoint), current_actor()[0]))
        return answer

    world.scaling.call = watched  # type: ignore[method-assign]
    return found


def _registered(world: World, endpoint: str) -> Document:
    """Return the summary of each variant that this stack has registered."""
    found: Document = {}
    for target in world.scaling.targets_of(endpoint):
        if world.scaling.tags_of(target["ScalableTargetARN"]).get("endpoint-deployer:stack") == STACK_NAME:
            key = {name: target[name] for name in _NAMES}
            policies = world.scaling.call("DescribeScalingPolicies", key)["ScalingPolicies"]
            actions = world.scaling.call("DescribeScheduledActions", key)["ScheduledActions"]
            found[target["ResourceId"].rpartition("/")[2]] = summary(target, policies, actions)
    return found


def summary(target: Document, policies: list[Document], actions: list[Document]) -> list[object]:
    """Return the bounds of a scalable target, and the names of its policies and of its scheduled actions."""
    names = sorted(policy["PolicyName"] for policy in policies)
    return [
        target["MinCapacity"],
        target["MaxCapacity"],
        names,
        sorted(each["ScheduledActionName"] for each in actions),
    ]
