"""Scheduled actions in time: which are over, and what is left of the others. Pure.

An action whose moment or `EndTime` has passed does nothing any more, and a `StartTime` that has passed bounds nothing
(Application Auto Scaling API Reference, PutScheduledAction). Amazon EC2 Auto Scaling refuses moments in the past
(API Reference, PutScheduledUpdateGroupAction); Application Auto Scaling does not say, so none is ever sent to it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from deployer.json_document import Document
from deployer.request.problem import Problem, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

_AT = re.compile(r"at\((?P<moment>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)")
_LAST_ZONE = timezone(timedelta(hours=-12))
"""Where a day ends last; it stands for zones that are not known here."""


def is_over(action: Document, now: datetime) -> bool:
    """Return whether a scheduled action, as requested or as described, does nothing after a time."""
    ends = [_moment_of(action), _time(action.get("EndTime"))]
    return any(end is not None and end <= now for end in ends)


def left_of(action: Document, now: datetime) -> Document:
    """Return a scheduled action as it is put at a time: without a StartTime that has passed."""
    start = _time(action.get("StartTime"))
    has_begun = start is not None and start <= now
    return {member: value for member, value in action.items() if member != "StartTime" or not has_begun}


def schedule_problems(path: str, action: Document) -> Iterator[Problem]:
    """Yield what is wrong with the times of a scheduled action, whatever time it is."""
    schedule = action.get("Schedule", "")
    if schedule.startswith("at(") and _moment_of(action) is None:
        yield Problem(f"{path}.Schedule", f"{shown(schedule)} is no moment; write at(yyyy-mm-ddThh:mm:ss)")
    start, end = (_time(action.get(member)) for member in ("StartTime", "EndTime"))
    if start and end and end <= start:
        yield Problem(f"{path}.EndTime", f"{shown(action['EndTime'])} is not after StartTime, {action['StartTime']}")


def past_problems(scaling: Document, now: datetime) -> Iterator[Problem]:
    """Yield the times in the scaling of a request that have passed, so that an action would do nothing."""
    for variant, wanted in scaling.items():
        for index, action in enumerate(wanted["ScheduledActions"]):
            if is_over(action, now):
                member = "Schedule" if is_over({**action, "EndTime": None}, now) else "EndTime"
                path = f"Scaling.{variant}.ScheduledActions[{index}].{member}"
                yield Problem(
                    path, f"{shown(action[member])} has passed; leave the action out, or give it a later time"
                )


def past_actions(scaling: Document, now: datetime) -> list[str]:
    """Return the paths of the scheduled actions of a request that are over."""
    return [problem.path.rpartition(".")[0] for problem in past_problems(scaling, now)]


def _moment_of(action: Document) -> datetime | None:
    """Return when an action happens that happens once; None for others."""
    match = _AT.fullmatch(action.get("Schedule", ""))
    try:
        return datetime.fromisoformat(match["moment"]).replace(tzinfo=_zone(action.get("Timezone"))) if match else None
    except ValueError:
        return None


def _zone(name: str | None) -> tzinfo:
    """Return a time zone; UTC is the default (API Reference, PutScheduledAction)."""
    try:
        return ZoneInfo(name) if name else UTC
    except (LookupError, ValueError, OSError):
        return _LAST_ZONE


def _time(value: object) -> datetime | None:
    """Read a time of a request, or of an answer; None if it is none with a zone."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, datetime) and value.tzinfo else None
