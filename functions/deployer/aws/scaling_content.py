"""The scaling of variants as documents: their names, what is left of them at a time, and how they compare. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deployer.json_document import Document
from deployer.request.scheduled_actions import is_over, left_of

if TYPE_CHECKING:
    from collections.abc import Iterable

ENTRY_NAMES = {"Policies": "PolicyName", "ScheduledActions": "ScheduledActionName"}
"""The parts of a target: the fields of a request, and the member that names an entry of each."""

_DEFAULTS = {
    "Cooldown": 300,
    "MetricAggregationType": "Average",
    "ReturnData": True,
    "ScaleInCooldown": 300,
    "ScaleOutCooldown": 300,
    "Timezone": "UTC",
}
"""Defaults of members (API Reference of each; User Guide, "Define cooldown periods")."""


_MEMBERS = {
    "ScalableTarget": ("MinCapacity", "MaxCapacity", "SuspendedState"),
    "Policies": (
        "PolicyName",
        "PolicyType",
        "StepScalingPolicyConfiguration",
        "TargetTrackingScalingPolicyConfiguration",
    ),
    "ScheduledActions": (
        "ScheduledActionName",
        "Schedule",
        "Timezone",
        "StartTime",
        "EndTime",
        "ScalableTargetAction",
    ),
}
"""The members of a description that can be set."""


def as_put(field: str, described: Document) -> Document:
    """Return the request, without the names of the variant, that puts what the service describes; it is JSON.

    Args:
        field: The field of a variant's scaling, such as `Policies`.
        described: The target, the policy or the scheduled action.
    """
    members = {member: described[member] for member in _MEMBERS[field] if member in described}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in members.items()}


def by_key(wanted: Iterable[Document]) -> dict[tuple[str, str], Document]:
    """Return the scaling of variants by their names and dimensions."""
    return {(each["VariantName"], each["ScalableDimension"]): each for each in wanted}


def by_name(entries: Iterable[Document], field: str) -> Document:
    """Return policies or scheduled actions by their names."""
    return {entry[ENTRY_NAMES[field]]: entry for entry in entries}


def current_actions(actions: Document, now: datetime) -> Document:
    """Return the scheduled actions that are not over, by their names, as they are put at a time."""
    return {name: left_of(action, now) for name, action in actions.items() if not is_over(action, now)}


def with_action(alarm: Document, policies: Document) -> Document:
    """Return the PutMetricAlarm request of an alarm that starts a policy; without the action if that is not known.

    Args:
        alarm: The alarm, with its `PolicyName`.
        policies: The policies of its variant, by their names, as the service describes them.
    """
    policy = policies.get(alarm["PolicyName"])
    actions = {"AlarmActions": [policy["PolicyARN"]]} if policy else {}
    return {**{member: value for member, value in alarm.items() if member != "PolicyName"}, **actions}


def holds(described: object, wanted: object) -> bool:
    """Return whether what the service describes is what was put; order and what the service adds do not count.

    A member that it leaves out has its default, or is empty or false.
    """
    if isinstance(wanted, dict) and isinstance(described, dict):
        return all(holds(described.get(key, _default(key, value)), value) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(described, list):
        return len(described) == len(wanted) and all(any(holds(each, entry) for each in described) for entry in wanted)
    if isinstance(described, datetime) and isinstance(wanted, str):
        return described.astimezone(UTC) == datetime.fromisoformat(wanted).astimezone(UTC)
    return described == wanted


def _default(member: str, wanted: object) -> object:
    """Return what a member means that the service leaves out, given what it is wanted to be; None if that is unknown.

    Switches such as `DisableScaleIn` are false by default (API Reference of each).
    """
    is_empty = wanted is False or wanted in ([], {}) or isinstance(wanted, dict)
    return _DEFAULTS.get(member, type(wanted)() if is_empty else None)
