"""Invariants of scaling: what is registered is the scaling of the revision that the endpoint serves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from local.simulation.account_state import at, configs_of
from local.simulation.invariants.differences import Differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.recording import Recording
    from local.simulation.runs import Run


def registered_scaling_is_that_of_the_live_revision(recording: Recording) -> Iterator[str]:
    """After each run that succeeded or restored, what is registered is the scaling of what the endpoint serves.

    A run that was stopped, gave up, or could not restore may leave none, which the next success registers. What a
    person changes after a run has looked stays until the next run.
    """
    differences = Differences(recording)
    wanted = differences.scaling
    for endpoint in recording.scenario.endpoints:
        is_known, deployed_at = True, -math.inf
        for run in sorted(recording.runs_of(endpoint), key=lambda each: each.ended):
            # What a person changes stays until a revision is deployed.
            is_changed = _is_changed_by_operator(recording, endpoint, deployed_at, run.ended)
            deployed_at = run.ended if run.outcome == "Deployed" else deployed_at
            is_known = (is_known and not run.is_unfinished and not is_changed) or _has_seen_all(recording, run)
            record = at(recording.served_writes, run.ended).endpoints.get(endpoint) if is_known else None
            is_busy = record is None or record["EndpointStatus"] != "InService" or len(configs_of(record)) > 1
            if record is None or is_busy or run.outcome not in {"Deployed", "Failed"} or _is_shared(recording, run):
                continue
            config = record["EndpointConfigName"]
            if config in wanted and not recording.is_taken_over(endpoint, until=run.ended):
                found = differences.registered(record, run.ended)
                is_right = found == wanted[config]
                yield (
                    ""
                    if is_right
                    else f"{endpoint} serves {config} with {found}, not {wanted[config]}, after {run.name}"
                )


def _has_seen_all(recording: Recording, run: Run) -> bool:
    """Return whether a run deployed its revision, and no person changed what is registered after it looked at that."""
    look = run.last("RegisterScaling", "PlanAgain", "PlanDeployment")
    if run.outcome != "Deployed" or look is None:
        return False
    return not _is_changed_by_operator(recording, run.endpoint, look.entered, run.ended)


def _is_shared(recording: Recording, run: Run) -> bool:
    """Return whether another run had begun to change the endpoint, and had not ended."""
    others = (other for other in recording.runs_of(run.endpoint) if other.name != run.name and other.ended > run.ended)
    changing = (other.last("UpdateEndpoint", "CreateEndpoint") for other in others)
    return any(visit is not None and visit.entered <= run.ended for visit in changing)


def _is_changed_by_operator(recording: Recording, endpoint: str, since: float, until: float) -> bool:
    """Return whether a person changed what is registered of an endpoint in a period."""
    changes = [each for each in recording.registrations if each.endpoint == endpoint and since < each.time <= until]
    return any(each.actor not in recording.names | recording.sweep_names for each in changes)
