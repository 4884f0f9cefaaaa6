"""Records what this stack registers with Application Auto Scaling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.simulation.actors import current_actor
from local.simulation.records import Registration
from local.virtual_time.world import STACK_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.json_document import Document
    from local.virtual_time.world import World

_ALARM_CHANGES = frozenset({"PutMetricAlarm", "DeleteAlarms"})
_NAMES = ("ServiceNamespace", "ResourceId", "ScalableDimension")


def watch_registrations(world: World) -> list[Registration]:
    """Return a list to which every change of what is registered is added, from now on.

    The alarms of step policies belong to that.
    """
    found: list[Registration] = []
    call, inject_fault = world.scaling.call, world.inject_fault

    def inject(service: str, operation: str, when: str) -> None:
        if (service, when) == ("cloudwatch", "after") and operation in _ALARM_CHANGES:
            for endpoint, last in {each.endpoint: each.scaled for each in found}.items():
                if (scaled := _registered(world, endpoint)) != last:
                    found.append(Registration(world.clock.now(), endpoint, scaled, current_actor()[0]))
        inject_fault(service, operation, when)

    def watched(name: str, parameters: Document) -> Document:
        answer = call(name, parameters)
        if "ResourceId" in parameters and not name.startswith("Describe"):
            endpoint = parameters["ResourceId"].split("/")[1]
            found.append(Registration(world.clock.now(), endpoint, _registered(world, endpoint), current_actor()[0]))
        return answer

    world.scaling.call = watched  # type: ignore[method-assign]
    world.inject_fault = inject
    return found


def _registered(world: World, endpoint: str) -> Document:
    """Return the summary of each variant that this stack has registered."""
    found: Document = {}
    for target in world.scaling.targets_of(endpoint):
        if world.scaling.tags_of(target["ScalableTargetARN"]).get("endpoint-deployer:stack") == STACK_NAME:
            key = {name: target[name] for name in _NAMES}
            policies = world.scaling.call("DescribeScalingPolicies", key)["ScalingPolicies"]
            actions = world.scaling.call("DescribeScheduledActions", key)["ScheduledActions"]
            names = {policy["PolicyARN"]: policy["PolicyName"] for policy in policies}
            started = [names[arn] for arn in _alarm_actions(world, endpoint) if arn in names]
            found[target["ResourceId"].rpartition("/")[2]] = summary(target, policies, actions, started)
    return found


def _alarm_actions(world: World, endpoint: str) -> list[str]:
    """Return the ARNs of the policies that the alarms of an endpoint start."""
    stem = f"{STACK_NAME}/scaling/{endpoint}-"
    found = world.cloudwatch.describe_alarms(AlarmNamePrefix=stem)["MetricAlarms"]
    # Another endpoint's name may begin with this one's.
    return [arn for alarm in found if alarm["AlarmName"][:-12] == stem for arn in alarm["AlarmActions"]]


def summary(
    target: Document, policies: list[Document], actions: list[Document], started: Iterable[str]
) -> list[object]:
    """Return the bounds of a scalable target, and the names of what belongs to it.

    These are the names of its policies, of its scheduled actions, and of the policies that alarms start, each once for
    each alarm.
    """
    names = sorted(policy["PolicyName"] for policy in policies)
    return [
        target["MinCapacity"],
        target["MaxCapacity"],
        names,
        sorted(each["ScheduledActionName"] for each in actions),
        sorted(started),
    ]


def without_alarms(scaled: Document) -> Document:
    """Return the summaries of an endpoint's variants without what alarms start."""
    return {variant: each[:-1] for variant, each in scaled.items()}
