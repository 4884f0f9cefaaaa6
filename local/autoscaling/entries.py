"""Scaling policies and scheduled actions of scalable targets.

Source: Application Auto Scaling API Reference, PutScalingPolicy, PutScheduledAction and their counterparts.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4
from zoneinfo import ZoneInfo

from local.environment import ACCOUNT_ID, REGION
from local.simulator import ServiceError
from local.simulator.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.json_document import Document

Key = tuple[str, str, str]

_KINDS = {
    "ScalingPolicies": ("PolicyName", "ScalingPolicy", "scalingPolicy"),
    "ScheduledActions": ("ScheduledActionName", "ScheduledAction", "scheduledAction"),
}
_CONFIGURATIONS = {
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
    "StepScaling": "StepScalingPolicyConfiguration",
}
_MOST_RESULTS = 50
_TIMES = ("StartTime", "EndTime")


class Entries:
    """The entries of scalable targets, by their keys; `acts` are the operations, which take the key first.

    Args:
        moment: Returns the time.
    """

    def __init__(self, moment: Callable[[], datetime]) -> None:
        self._moment = moment
        self._entries: dict[str, dict[tuple[Key, str], Document]] = {kind: {} for kind in _KINDS}
        self.acts: dict[str, Callable[[Key, Document], Document]] = {
            "PutScalingPolicy": self._put_policy,
            "DescribeScalingPolicies": lambda key, asked: self._describe("ScalingPolicies", key, asked),
            "DeleteScalingPolicy": lambda key, asked: self._delete("ScalingPolicies", key, asked),
            "PutScheduledAction": self._put_action,
            "DescribeScheduledActions": lambda key, asked: self._describe("ScheduledActions", key, asked),
            "DeleteScheduledAction": lambda key, asked: self._delete("ScheduledActions", key, asked),
        }

    def delete_all(self, key: Key) -> None:
        """Delete what belongs to a target that is deregistered."""
        for entries in self._entries.values():
            for name in [name for name in entries if name[0] == key]:
                del entries[name]

    def _put_policy(self, key: Key, parameters: Document) -> Document:
        name = (key, parameters["PolicyName"])
        known = self._entries["ScalingPolicies"].get(name, {})
        kind = parameters.get("PolicyType", known.get("PolicyType"))
        if kind not in _CONFIGURATIONS or _CONFIGURATIONS[kind] not in parameters:
            raise invalid(f"Policy type {kind} needs its configuration, and is not for every resource")
        if kind == "TargetTrackingScaling":
            specified = parameters[_CONFIGURATIONS[kind]].keys()
            if len({"PredefinedMetricSpecification", "CustomizedMetricSpecification"} & specified) != 1:
                raise invalid("Exactly one metric specification is needed")
        own = {"PolicyARN": self._arn("ScalingPolicies", name), "CreationTime": self._moment()}
        self._entries["ScalingPolicies"][name] = {**own, **known, **parameters, "PolicyType": kind}
        return {"PolicyARN": self._entries["ScalingPolicies"][name]["PolicyARN"], "Alarms": []}

    def _put_action(self, key: Key, parameters: Document) -> Document:
        name = (key, parameters["ScheduledActionName"])
        known = self._entries["ScheduledActions"].get(name, {})
        # An update without times deletes the old ones (API Reference, PutScheduledAction).
        known = {member: value for member, value in known.items() if member not in _TIMES}
        if "Schedule" not in {**known, **parameters}:
            raise invalid("Schedule is required")
        times: Document = {member: _moment_of(parameters[member]) for member in _TIMES if member in parameters}
        _refuse_past({**known, **parameters, **times}, self._moment())
        own = {"ScheduledActionARN": self._arn("ScheduledActions", name), "CreationTime": self._moment()}
        self._entries["ScheduledActions"][name] = {**own, **known, **parameters, **times}
        return {}

    def _describe(self, kind: str, key: Key, parameters: Document) -> Document:
        member, token = _KINDS[kind][0], int(parameters.get("NextToken", "0"))
        asked = parameters.get(f"{member}s")
        found = [
            entry
            for (target, name), entry in self._entries[kind].items()
            if target[0] == key[0] and key[1] in {"", target[1]} and key[2] in {"", target[2]}
            if not asked or name in asked
        ]
        end = token + parameters.get("MaxResults", _MOST_RESULTS)
        return {kind: found[token:end], **({"NextToken": str(end)} if end < len(found) else {})}

    def _delete(self, kind: str, key: Key, parameters: Document) -> Document:
        member, words, _ = _KINDS[kind]
        if self._entries[kind].pop((key, parameters[member]), None) is None:
            raise ServiceError("ObjectNotFoundException", f"No {words} found for {'|'.join(key)}: {parameters[member]}")
        return {}

    def _arn(self, kind: str, name: tuple[Key, str]) -> str:
        (namespace, resource, _), own = name
        word, member = _KINDS[kind][2], _KINDS[kind][0]
        place = f"resource/{namespace}/{resource}:{member[0].lower()}{member[1:]}/{own}"
        return f"arn:aws:autoscaling:{REGION}:{ACCOUNT_ID}:{word}:{uuid4()}:{place}"


def _refuse_past(action: Document, now: datetime) -> None:
    """Refuse times that have passed.

    Assumed: Amazon EC2 Auto Scaling says that it does (API Reference, PutScheduledUpdateGroupAction), and the words are
    its (hashicorp/terraform-provider-aws, pull request 3033); no source says what Application Auto Scaling does.

    Raises:
        ServiceError: One has.
    """
    match = re.fullmatch(r"at\((.+)\)", action["Schedule"])
    zone = ZoneInfo(action.get("Timezone", "UTC"))
    moments = [datetime.fromisoformat(match[1]).replace(tzinfo=zone)] if match else []
    if any(moment <= now for moment in (*moments, *(action[each] for each in _TIMES if each in action))):
        raise invalid("Given start time is in the past")


def _moment_of(value: object) -> datetime:
    """Read a time of the wire: seconds since the epoch."""
    return value if isinstance(value, datetime) else datetime.fromtimestamp(float(str(value)), UTC)
