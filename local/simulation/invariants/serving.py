"""Invariants of serving: during a failed deployment the endpoint keeps serving its previous revision."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from local.simulation.account_state import STUCK, at, configs_of, models_of, spans
from local.simulation.requests import BROKEN
from local.simulation.served_revisions import attached_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.recording import Recording
    from local.simulation.runs import Run


def endpoints_keep_answering(recording: Recording) -> Iterator[str]:
    """From the first success on, every invocation is answered, until an operator deletes the endpoint.

    A model that cannot answer says so itself; that counts only against the run that leaves it live.
    """
    for name in recording.scenario.endpoints:
        for start, end in _serving_periods(recording, name):
            for probe in recording.probes:
                if probe.endpoint == name and start <= probe.time < end:
                    is_right = probe.answer == "ok" or (
                        probe.answer == "ModelError" and any(is_broken(recording, config) for config in probe.configs)
                    )
                    yield "" if is_right else f"{name} answered {probe.answer} at {probe.time - recording.began:.0f} s"
            for began, ended, record in spans(recording.writes, name):
                if record is None and began < end and ended > start and began > start:
                    yield f"{name} was gone at {began - recording.began:.0f} s"


def _serving_periods(recording: Recording, endpoint: str) -> Iterator[tuple[float, float]]:
    """Yield the periods in which an endpoint has to answer."""
    successes = sorted(run.ended for run in recording.runs_of(endpoint) if run.has_succeeded)
    deletions = sorted(
        write.time
        for write in recording.writes
        if write.name == endpoint and write.begins == "Deleting" and recording.is_by_operator(write)
    )
    end = -math.inf
    for success in successes:
        if success > end:
            # A success may be announced after an operator has deleted the endpoint.
            earliest = success - 2 * recording.visibility_seconds
            end = next((deletion for deletion in deletions if deletion > earliest), math.inf)
            if success < end:
                yield success, end


def is_broken(recording: Recording, config: str) -> bool:
    """Return whether a config names a model that cannot answer."""
    written = [write.value for write in recording.writes if write.name == config and write.table == "configs"]
    names = {name for value in written if value for name in models_of(value)}
    models = [write.value for write in recording.writes if write.name in names and write.table == "models"]
    return any(f"/{BROKEN}:" in str(value) for value in models)


def failed_revisions_do_not_stay_live(recording: Recording) -> Iterator[str]:
    """When the last run of a revision has failed, no endpoint has it, unless another run has deployed it.

    What a run left that was stopped or ran out of time, only a run restores that came to the endpoint after it.
    """
    by_revision: dict[str, list[Run]] = defaultdict(list)
    for run in recording.runs:
        if run.revision:
            by_revision[run.revision].append(run)
    for revision, runs in by_revision.items():
        last = max(runs, key=lambda run: run.ended)
        is_excused = any(run.has_succeeded for run in runs) or last.is_unfinished
        if is_excused or last.outcome not in {"Failed", "Rejected"} or _is_left_by_another(recording, last, runs):
            continue
        if not _is_used_by_operator(recording, revision, last.endpoint):
            account = at(recording.served_writes, last.ended)
            endpoints = account.endpoints_on(revision)
            endpoints = [name for name in endpoints if account.endpoints[name]["EndpointStatus"] not in STUCK]
            yield f"{last.name} failed, and {', '.join(endpoints)} has {revision}" if endpoints else ""


def _is_left_by_another(recording: Recording, last: Run, runs: list[Run]) -> bool:
    """Return whether an unfinished run left the revision, and the last run did not come to the endpoint after it."""
    unfinished = {run.name for run in runs if run.is_unfinished}
    visit = last.last("DescribeEndpoint")
    if visit is None:
        return bool(unfinished)
    # A copy of the event may attach the revision again after the last run has taken it off.
    attached = [write for write in recording.served_writes if attached_by(write) == last.revision]
    return bool(attached) and attached[-1].actor in unfinished and attached[-1].time > visit.entered


def runs_restore_their_own_changes(recording: Recording) -> Iterator[str]:
    """RestoreEndpoint takes no change back that another run made which is still at work on it."""
    runs, changer = {run.name: run for run in recording.runs}, dict[str, str]()
    for write in recording.served_writes:
        if attached_by(write):
            changer[write.name] = write.actor
        elif write.begins and write.function == "RestoreEndpoint":
            other = runs.get(changer.get(write.name, ""))
            is_wrong = other is not None and other.name != write.actor and _is_at_work(other, write.time)
            yield f"{write.actor} took back what {changer.get(write.name)} had just changed" if is_wrong else ""


def _is_at_work(run: Run, moment: float) -> bool:
    """Return whether a run was under way at a moment, and had not begun to restore its endpoint."""
    is_restoring = any(visit.state == "RestoreEndpoint" and visit.entered <= moment for visit in run.visits)
    return run.is_running(moment) and not is_restoring


def _is_used_by_operator(recording: Recording, revision: str, endpoint: str) -> bool:
    """Return whether an operator has attached a revision, or removed tags of it or of the endpoint."""
    return any(
        (write.begins and revision in configs_of(write.value))
        or (write.is_untagging and write.name.rpartition("/")[2] in {revision.lower(), endpoint})
        for write in recording.served_writes
        if recording.is_by_operator(write)
    )
