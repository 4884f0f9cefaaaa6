"""Every execution ends in a named outcome that the bus is told; within bounds, and without telling secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from local.simulation.runs import FAILURES, SUCCESSES, UNANNOUNCED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.recording import Recording

_MOST_SECONDS = 25 * 3600
_MOST_EVENTS = 25_000
_MOST_BYTES = 256 * 1024


def every_execution_ends_in_a_named_outcome(recording: Recording) -> Iterator[str]:
    """It ends in a state that is named like an outcome and agrees with its status, unless a person stopped it."""
    for run in recording.runs:
        status, end = run.execution.status, run.end
        is_right = (
            (status == "SUCCEEDED" and end in SUCCESSES)
            or (status == "FAILED" and end in FAILURES)
            or (status == "ABORTED" and run.execution.error == "Stopped")
        )
        yield "" if is_right else f"{run.name} is {status} in {run.end}: {run.execution.error}"


def the_bus_is_told_the_outcome(recording: Recording) -> Iterator[str]:
    """The event of an execution says the same as its end; there is none only if the bus took none."""
    for run in recording.runs:
        events = [event for event in recording.bus if event["Execution"] == run.arn]
        if run.end in FAILURES | SUCCESSES:
            told = {event["Outcome"] for event in events}
            is_right = told == {run.end} if run.end not in UNANNOUNCED else told <= {run.outcome}
            yield "" if is_right else f"{run.name} ended as {run.end}, and the bus was told {told or 'nothing'}"
        if run.end in FAILURES and run.execution.record.get("error") is not None:
            is_right = run.execution.error == run.error
            yield (
                "" if is_right else f"{run.name} failed with {run.error}, and the execution says {run.execution.error}"
            )
        for event in events:
            left = event.get("Left", [])
            is_right = "UndoFailure" in run.data or set(left) == set(run.left)
            yield "" if is_right else f"{run.name} left {run.left}, and the bus was told {left}"


def executions_are_bounded(recording: Recording) -> Iterator[str]:
    """An execution takes at most 25 hours from its start or redrive, 25,000 events and 256 KiB."""
    for run in recording.runs:
        began = run.began if not run.execution.redrive_count else run.visits[-1].entered - _MOST_SECONDS
        yield f"{run.name} took {run.ended - began:.0f} s" if run.ended - began > _MOST_SECONDS else ""
        events = len(run.execution.events)
        yield f"{run.name} has {events} events" if events >= _MOST_EVENTS else ""
        size = max((len(visit.data.encode()) for visit in run.visits), default=0)
        yield f"{run.name} has {size} bytes of data" if size >= _MOST_BYTES else ""


def secrets_are_not_told(recording: Recording) -> Iterator[str]:
    """What a request holds in an Environment or sends to its endpoint is in no log, no event, no tag and no cause."""
    tags = [write.value for write in recording.writes if write.table == "tags"]
    told = {"the log": recording.log, "the bus": json.dumps(recording.bus), "a tag": json.dumps(tags)}
    told |= {f"the cause of {run.name}": run.execution.cause for run in recording.runs}
    for place, text in told.items():
        found = [secret for secret in recording.secrets if secret in text]
        yield f"{place} tells {', '.join(found)}" if found else ""
