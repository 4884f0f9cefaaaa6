"""Invariants of scaling: what is registered is the scaling of the revision that the endpoint serves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from local.simulation.account_state import at, configs_of
from local.simulation.registrations import summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.json_document import Document
    from local.simulation.recording import Recording
    from local.simulation.runs import Run


def registered_scaling_is_that_of_the_live_revision(recording: Recording) -> Iterator[str]:
    """After each run that succeeded or restored, what is registered is the scaling of what the endpoint serves.

    A run that was stopped, gave up, or could not restore may leave none, which the next success registers.
    """
    wanted = _stored_scaling(recording)
    for endpoint in recording.scenario.endpoints:
        is_known = True
        for run in sorted(recording.runs_of(endpoint), key=lambda each: each.ended):
            is_known = (is_known and not run.is_unfinished) or run.outcome == "Deployed"
            record = at(recording.writes, run.ended).endpoints.get(endpoint) if is_known else None
            is_busy = record is None or record["EndpointStatus"] != "InService" or len(configs_of(record)) > 1
            if record is None or is_busy or run.outcome not in {"Deployed", "Failed"} or _is_shared(recording, run):
                continue
            config = record["EndpointConfigName"]
            if config in wanted and not recording.is_taken_over(endpoint):
                found = _registered(recording, endpoint, run.ended, record["CreationTime"].timestamp())
                is_right = found == wanted[config]
                yield (
                    ""
                    if is_right
                    else f"{endpoint} serves {config} with {found}, not {wanted[config]}, after {run.name}"
                )


def _stored_scaling(recording: Recording) -> dict[str, Document]:
    """Return the scaling of each stored revision."""
    found: dict[str, Document] = {}
    for write in recording.object_writes:
        if write.content and write.key.endswith("/request.json"):
            scaling = json.loads(write.content)["Request"].get("Scaling") or {}
            parts = {name: summary(each["ScalableTarget"], each["Policies"]) for name, each in scaling.items()}
            found[write.key.split("/")[-2]] = parts
    return found


def _is_shared(recording: Recording, run: Run) -> bool:
    """Return whether another run had begun to change the endpoint, and had not ended."""
    others = (other for other in recording.runs_of(run.endpoint) if other.name != run.name and other.ended > run.ended)
    changing = (other.last("UpdateEndpoint", "CreateEndpoint") for other in others)
    return any(visit is not None and visit.entered <= run.ended for visit in changing)


def _registered(recording: Recording, endpoint: str, moment: float, since: float) -> Document:
    """Return what was registered of an endpoint last, before a moment and after the endpoint was created."""
    before = [each for each in recording.registrations if each.endpoint == endpoint and since <= each.time <= moment]
    return before[-1].scaled if before else {}
