"""Invariants of endings: named and announced outcomes, bounds, and no disclosed secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from local.json_document import Document
from local.simulation.runs import FAILURES, SUCCESSES, UNANNOUNCED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.recording import Recording
    from local.simulation.runs import Run

_MOST_SECONDS = 49 * 3600
_MOST_EVENTS = 25_000
_MOST_BYTES = 256 * 1024


def executions_end_in_a_named_outcome(recording: Recording) -> Iterator[str]:
    """An execution ends in a state that is named like its outcome and agrees with its status, unless it was stopped."""
    for run in recording.runs:
        status, end = run.execution.status, run.end
        is_right = (
            (status == "SUCCEEDED" and end in SUCCESSES)
            or (status == "FAILED" and end in FAILURES)
            or (status == "ABORTED" and run.execution.error == "Stopped")
        )
        yield "" if is_right else f"{run.name} is {status} in {run.end}: {run.execution.error}"


def outcomes_are_announced(recording: Recording) -> Iterator[str]:
    """The event of an execution says the same as its end; there is none only if the event bus took none."""
    for run in recording.runs:
        events = [event for event in recording.bus if event["Execution"] == run.arn]
        if run.end in FAILURES | SUCCESSES:
            announced = {event["Outcome"] for event in events}
            is_right = announced == {run.end} if run.end not in UNANNOUNCED else announced <= {run.outcome}
            yield "" if is_right else f"{run.name} ended as {run.end}, and announced is {announced or 'nothing'}"
        if run.end in FAILURES and run.execution.record.get("error") is not None:
            error = run.execution.error
            yield "" if error == run.error else f"{run.name} failed with {run.error}, and the execution says {error}"
        for event in events:
            yield _problem_with_restored(run, event)


def _problem_with_restored(run: Run, event: Document) -> str:
    """Return the error in what an event reports as restored; empty if it is right."""
    restored = (run.data.get("Restore") or {}).get("Restored")
    announced = event.get("Restored")
    return "" if announced == restored else f"{run.name} restored {restored}, and announced is {announced}"


def executions_are_bounded(recording: Recording) -> Iterator[str]:
    """An execution takes at most 49 hours from its start or redrive, 25,000 events and 256 KiB."""
    for run in recording.runs:
        began = run.began if not run.execution.redrive_count else run.visits[-1].entered - _MOST_SECONDS
        yield f"{run.name} took {run.ended - began:.0f} s" if run.ended - began > _MOST_SECONDS else ""
        events = len(run.execution.events)
        yield f"{run.name} has {events} events" if events >= _MOST_EVENTS else ""
        size = max((len(visit.data.encode()) for visit in run.visits), default=0)
        yield f"{run.name} has {size} bytes of data" if size >= _MOST_BYTES else ""


def executions_keep_their_settings(recording: Recording) -> Iterator[str]:
    """An update of the stack changes nothing for executions that are under way: neither deadline nor poll interval."""
    for run in recording.runs:
        environment = run.environment
        timeout, shortest = float(environment["DEPLOYMENT_TIMEOUT_SECONDS"]), int(environment["POLL_INTERVAL_SECONDS"])
        for visit in run.visits[1:]:
            plan = json.loads(visit.data).get("Plan")
            # The time that a person takes to approve it is not part of the timeout.
            if visit.state == "ChooseAction" and plan and not plan["Approval"]:
                is_kept = plan["TimeoutSeconds"] == timeout
                yield "" if is_kept else f"{run.name} has another timeout, {plan['TimeoutSeconds']} s"
                # The last wait ends at the deadline.
                is_kept = plan["WaitSeconds"] >= min(shortest, max(1.0, run.began + timeout - visit.entered))
                yield "" if is_kept else f"{run.name} looks again after {plan['WaitSeconds']} s, not {shortest} s"


def secrets_are_not_disclosed(recording: Recording) -> Iterator[str]:
    """An Environment and the body of a smoke test are in no log, no event, no tag and no cause."""
    tags = [write.value for write in recording.writes if write.table == "tags"]
    events = json.dumps([recording.bus, recording.sweep_events, recording.drift_events, recording.approval_events])
    texts = {"the log": recording.log, "an event": events, "a tag": json.dumps(tags)}
    texts |= {f"the cause of {run.name}": run.execution.cause for run in recording.runs}
    for place, text in texts.items():
        found = [secret for secret in recording.secrets if secret in text]
        yield f"{place} discloses {', '.join(found)}" if found else ""
