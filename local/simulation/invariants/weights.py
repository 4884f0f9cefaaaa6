"""Invariants of weights: an endpoint has those of the revision that it serves, and the record says which that is."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from typing import TYPE_CHECKING

from local.json_document import Document
from local.simulation.account_state import at, spans
from local.simulation.served_revisions import attached_by, weight_entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.recording import Recording
    from local.simulation.records import Write
    from local.simulation.runs import Run

_CHANGE = "UpdateEndpointWeightsAndCapacities"
_OF_A_VARIANT = ("InitialVariantWeight", "InitialInstanceCount")
_SAME = ("Models", "EndpointConfig", "Scaling")


def endpoints_have_the_weights_of_what_they_serve(recording: Recording) -> Iterator[str]:
    """When all has ended, an endpoint that no person scaled has the weights and counts of the revision it serves.

    What a run left that was stopped or gave up, only the next run restores; scaling changes counts itself.
    """
    account = at(recording.served_writes, recording.settled)
    for name in recording.scenario.endpoints:
        record = account.endpoints.get(name)
        config = account.configs.get(record["EndpointConfigName"]) if record else None
        runs = [run for run in recording.runs_of(name) if run.ended <= recording.settled]
        is_left = any(run.is_unfinished for run in runs) or _is_changed_by_others(recording, name)
        if record and config and record["EndpointStatus"] == "InService" and not is_left:
            found, wanted = _current(record), _wanted(config)
            served = record["EndpointConfigName"]
            yield "" if found == wanted else f"{name} serves {served} with {found}, and not {wanted}"


def deployed_weights_took_effect(recording: Recording) -> Iterator[str]:
    """A change of weights is reported as deployed after the endpoint has had these weights and counts."""
    for run in recording.runs:
        if run.outcome == "Deployed" and run.plan["Action"] == "UpdateWeights":
            wanted = _wanted(run.plan["Request"]["EndpointConfig"])
            had_them = any(
                record is not None and record["EndpointStatus"] == "InService" and _current(record) == wanted
                for began, ended, record in spans(recording.writes, run.endpoint)
                if began <= run.ended and ended >= run.began
            )
            yield "" if had_them else f"{run.name} is deployed, and {run.endpoint} never had {wanted}"


def failed_runs_leave_weights_as_they_were(recording: Recording) -> Iterator[str]:
    """After a change of weights that failed, the endpoint has the weights and counts of the revision before."""
    for run in recording.runs:
        is_over = run.outcome == "Failed" and not run.is_unfinished
        if not is_over or run.plan.get("Action") != "UpdateWeights" or not _has_changed_weights(recording, run):
            continue
        account = at(recording.writes, run.ended)
        record, before = account.endpoints.get(run.endpoint), account.configs.get(run.plan["Previous"])
        is_shared = any(_changes(write, run.endpoint) and write.actor != run.name for write in _during(recording, run))
        is_as_it_was = record is not None and record["EndpointConfigName"] == run.plan["Base"]
        if record and before and is_as_it_was and record["EndpointStatus"] == "InService" and not is_shared:
            found, wanted = _current(record), _wanted(before)
            yield "" if found == wanted else f"{run.name} failed, and left {run.endpoint} with {found}, not {wanted}"


def only_weights_are_changed_in_place(recording: Recording) -> Iterator[str]:
    """UpdateWeights is called only for a request that differs from what is served in weights and counts alone."""
    stored = {
        each.key.split("/")[2]: json.loads(each.content)
        for each in recording.object_writes
        if each.content and each.key.startswith("revisions/") and each.key.endswith("/request.json")
    }
    for write in recording.served_writes:
        if write.function == "UpdateWeights" and (revision := attached_by(write)):
            served = (write.before or {})["EndpointConfigName"]
            before, wanted = (_fixed_parts(stored.get(name, {})) for name in (served, revision))
            yield "" if before == wanted else f"{write.actor} changed only weights from {served} to {revision}"


def weight_records_have_no_gaps(recording: Recording) -> Iterator[str]:
    """The entries of an endpoint config's record are numbered from 1 in the order in which they were written."""
    numbers: dict[tuple[str, str], list[int]] = defaultdict(list)
    for write in recording.object_writes:
        if write.content and (entry := weight_entry(write)):
            endpoint, base, number = entry
            numbers[endpoint, base].append(number)
    for (_, base), found in numbers.items():
        yield "" if found == [*range(1, len(found) + 1)] else f"the record of {base} has the entries {found}"


def _fixed_parts(stored: Document) -> Document:
    """Return what of a stored request a change of weights leaves as it is."""
    request = json.loads(json.dumps({part: stored.get("Request", {}).get(part) for part in _SAME}))
    for variant in (request["EndpointConfig"] or {}).get("ProductionVariants", []):
        for member in _OF_A_VARIANT:
            variant.pop(member, None)
    return {**request, "ModelNames": stored.get("ModelNames")}


def _current(record: Document) -> Document:
    """Return the weight and the count of each variant of an endpoint."""
    variants = record.get("ProductionVariants", [])
    return {each["VariantName"]: (each["CurrentWeight"], each.get("CurrentInstanceCount", 0)) for each in variants}


def _wanted(config: Document) -> Document:
    """Return the weight and the count of each variant of an endpoint config."""
    return {
        each["VariantName"]: (each.get("InitialVariantWeight", 1.0), each.get("InitialInstanceCount", 0))
        for each in config["ProductionVariants"]
    }


def _is_changed_by_others(recording: Recording, endpoint: str) -> bool:
    """Return whether a person, Application Auto Scaling or a failing fleet may have changed weights or counts."""
    is_scaled = any(each.endpoint == endpoint for each in recording.registrations)
    is_by_hand = any(_changes(write, endpoint) and recording.is_by_operator(write) for write in recording.writes)
    actions = ("operator: scale", "operator: hand over scaling")
    return is_scaled or is_by_hand or any(recording.fired[action] for action in actions)


def _has_changed_weights(recording: Recording, run: Run) -> bool:
    """Return whether SageMaker took a change of weights from a run."""
    calls = ((call.actor, call.operation, call.outcome) for call in recording.calls)
    return (run.name, _CHANGE, "ok") in calls


def _changes(write: Write, endpoint: str) -> bool:
    return write.name == endpoint and bool(write.begins)


def _during(recording: Recording, run: Run) -> list[Write]:
    since = min((visit.entered for visit in run.visits if visit.state == "UpdateWeights"), default=math.inf)
    return [write for write in recording.writes if since <= write.time <= run.ended]
