"""While a deployment fails, the endpoint keeps serving what it served."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from local.simulation.account import STUCK, at, configs_of, models_of, spans
from local.simulation.promises.order import VISIBILITY_SECONDS
from local.simulation.recording import is_untagging
from local.simulation.requests import BROKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.recording import Recording
    from local.simulation.runs import Run


def endpoints_keep_answering(recording: Recording) -> Iterator[str]:
    """From the first success on, every probe is answered, until a person deletes the endpoint.

    A model that cannot answer says so itself; that counts only against the run that leaves it live.
    """
    for name in recording.story.endpoints:
        for start, end in _promised(recording, name):
            for probe in recording.probes:
                if probe.endpoint == name and start <= probe.time < end:
                    is_right = probe.answer == "ok" or (
                        probe.answer == "ModelError" and any(is_broken(recording, config) for config in probe.configs)
                    )
                    yield "" if is_right else f"{name} answered {probe.answer} at {probe.time - recording.began:.0f} s"
            for began, ended, record in spans(recording.writes, name):
                if record is None and began < end and ended > start and began > start:
                    yield f"{name} was gone at {began - recording.began:.0f} s"


def _promised(recording: Recording, endpoint: str) -> Iterator[tuple[float, float]]:
    """Yield from when until when an endpoint has to answer."""
    successes = sorted(run.ended for run in recording.runs_of(endpoint) if run.has_succeeded)
    deletions = sorted(
        write.time
        for write in recording.writes
        if write.name == endpoint and write.begins == "Deleting" and recording.is_by_hand(write)
    )
    end = -math.inf
    for success in successes:
        if success > end:
            # What was decided on before an endpoint is deleted by hand may be announced after it.
            end = next((deletion for deletion in deletions if deletion > success - 2 * VISIBILITY_SECONDS), math.inf)
            if success < end:
                yield success, end


def is_broken(recording: Recording, config: str) -> bool:
    """Tell whether a config names a model that cannot answer."""
    written = [write.value for write in recording.writes if write.name == config and write.table == "configs"]
    names = {name for value in written if value for name in models_of(value)}
    models = [write.value for write in recording.writes if write.name in names and write.table == "models"]
    return any(f"/{BROKEN}:" in str(value) for value in models)


def what_failed_is_not_live(recording: Recording) -> Iterator[str]:
    """When a run has failed and is undone, no endpoint has its revision, unless another run put it there.

    Of two copies of a request that both fail, each may leave it to the other; then both say that they leave it.
    """
    by_revision: dict[str, list[Run]] = defaultdict(list)
    for run in recording.runs:
        by_revision[run.revision].append(run)
    for run in recording.runs:
        if run.outcome not in {"Failed", "Rejected"} or run.is_unfinished or not run.revision:
            continue
        others = [other for other in by_revision[run.revision] if other is not run]
        is_of_others = any(
            other.has_succeeded or other.is_unfinished or other.ended > run.ended or run.revision in run.left
            for other in others
        )
        by_hand = any(
            (write.begins and run.revision in configs_of(write.value))
            or (is_untagging(write) and write.name.rpartition("/")[2] in {run.revision, run.endpoint})
            for write in recording.writes
            if recording.is_by_hand(write)
        )
        if not is_of_others and not by_hand:
            account = at(recording.writes, run.ended)
            endpoints = account.endpoints_on(run.revision)
            endpoints = [name for name in endpoints if account.endpoints[name]["EndpointStatus"] not in STUCK]
            yield f"{run.name} failed, and {', '.join(endpoints)} has {run.revision}" if endpoints else ""
