"""Invariants of waiting: events wake executions, and a lost event delays an execution by one interval at most."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from deployer.planning.names import Revision
from local.json_document import Document
from local.simulation.account_state import spans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.recording import Recording
    from local.simulation.runs import Run, Visit

_STATE = "DescribeEndpoint"
_RESTING = frozenset({"IN_SERVICE", "FAILED", "OUT_OF_SERVICE", "UPDATE_ROLLBACK_FAILED"})
"""Statuses of events that wake."""

_PASSING = frozenset({"Creating", "Updating", "RollingBack", "SystemUpdating", "Deleting"})
_WAKE_SECONDS = 10.0
"""How long it takes at most to wake an execution, while nothing goes wrong."""

_DEADLINE_MARGIN = 20.0
"""Seconds after the deadline by which a run has looked for the last time, while nothing goes wrong."""

_FIRST_LOOK_SECONDS = 900.0
"""The longest first interval, which docs/decisions/0016 states."""


def events_end_waits(recording: Recording) -> Iterator[str]:
    """An event of a status in which an endpoint rests ends the wait of its execution within seconds.

    An event about a newer revision does not concern the executions of older ones.
    """
    for run in recording.runs:
        for visit in _plain_visits(run):
            for arrival in recording.arrivals:
                until = arrival.time + _WAKE_SECONDS
                is_about = arrival.endpoint == run.endpoint and arrival.status in _RESTING
                is_about = is_about and not (
                    Revision.parse(run.endpoint, arrival.config) and arrival.config > run.revision
                )
                if is_about and visit.entered < arrival.time and recording.is_calm(arrival.time - 1, until):
                    is_late = (visit.left or 0.0) > until
                    yield f"{run.name} slept on after {arrival.event} ({arrival.status})" if is_late else ""


def lost_events_cost_one_interval(recording: Recording) -> Iterator[str]:
    """Without an event the next look comes after an interval that is bounded, and that look ends the wait."""
    for run in recording.runs:
        first: Visit | None = None
        for visit, following in pairwise([*run.visits, None]):
            if visit is None or visit.state != _STATE:
                if visit is not None and visit.state not in {"IsInService", "LookLessOften"}:
                    first = None
                continue
            first = first or visit
            interval, elapsed = _interval(visit), visit.entered - first.entered
            is_bounded = interval <= elapsed + _FIRST_LOOK_SECONDS
            yield "" if is_bounded else f"{run.name} waits {interval:.0f} s, {elapsed:.0f} s after its first look"
            if visit.failures or visit.left is None or not recording.is_calm(visit.entered, visit.left):
                continue
            seconds = visit.left - visit.entered
            yield f"{run.name} waited {seconds:.0f} s instead of {interval:.0f} s" if seconds > interval + 1 else ""
            is_last = following is None or following.state != "LookLessOften"
            is_idle = _is_at_rest(recording, run, visit) and not is_last
            moment = visit.entered - recording.began
            yield f"{run.name} waits at {moment:.0f} s for what has ended" if is_idle else ""


def waits_end_at_the_deadline(recording: Recording) -> Iterator[str]:
    """No wait for an endpoint that began before the deadline lasts more than seconds beyond it."""
    for run in recording.runs:
        for visit in run.visits:
            if visit.state not in {_STATE, "WaitForOtherDeployment"} or visit.left is None:
                continue
            deadline = deadline_of(json.loads(visit.data)["Plan"])
            if visit.tried < deadline and recording.is_calm(visit.tried, visit.left):
                late = visit.left - deadline
                yield f"{run.name} waited until {late:.0f} s after its deadline" if late > _DEADLINE_MARGIN else ""


def deadline_of(plan: Document) -> float:
    """Return when the time of a plan ends; it begins with a person's answer, where one has to approve it."""
    approval = plan["Approval"] or {}
    begins_at = approval.get("AnsweredAt") or approval.get("ExpiresAt") or plan["StartedAt"]
    return datetime.fromisoformat(begins_at).timestamp() + float(plan["TimeoutSeconds"])


def _plain_visits(run: Run) -> Iterator[Visit]:
    """Yield the waits that were not stopped and in which no attempt failed: between two there is no token to return."""
    yield from (visit for visit in run.visits if visit.state == _STATE and not visit.failures and visit.left)


def _interval(visit: Visit) -> float:
    return float(json.loads(visit.data)["Endpoint"]["LookSeconds"])


def _is_at_rest(recording: Recording, run: Run, visit: Visit) -> bool:
    """Return whether the endpoint has been at rest long enough for every replica to show it when the wait begins."""
    since = visit.entered - recording.visibility_seconds
    return any(
        record is not None and record["EndpointStatus"] not in _PASSING
        for began, ended, record in spans(recording.writes, run.endpoint)
        if began <= since and ended > visit.entered + _WAKE_SECONDS
    )
