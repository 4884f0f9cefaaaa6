"""Invariants of drift: the next sweep reports it, and a deployment is never reported as drift."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING

from deployer.planning.names import Revision
from deployer.tags import PENDING, STATE_TAG
from local.json_document import Document
from local.simulation.account_state import STUCK, at, models_of
from local.simulation.invariants.differences import Differences
from local.simulation.invariants.sweeping import retained_revisions
from local.simulation.runs import visits_of
from local.simulation.served_revisions import BASE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.account_state import Account
    from local.simulation.recording import Recording
    from local.simulation.records import Write
    from local.simulation.runs import SweepRun, Visit

_LOOK_SECONDS = 900.0
"""How long before its event a difference may have been seen: one invocation of DetectDrift."""

_SETTLED_SECONDS = 3600.0
"""How long a difference has existed at the least that the next sweep has to report."""

_FAILED = STUCK | {"Failed"}
_OF_ALARMS = {"AlarmDeleted", "AlarmChanged"}
_OF_CONTENT = _OF_ALARMS | {"ScalingChanged", "StoredDataDeleted", "NotInvoked"}


def drift_is_reported_by_the_next_sweep(recording: Recording) -> Iterator[str]:
    """A sweep reports what has differed for an hour, while no execution worked on the endpoint and nothing failed."""
    for sweep in recording.sweeps:
        compared = _comparison(sweep)
        if compared is None or not recording.is_calm(*compared):
            continue
        since, until = compared[0] - _SETTLED_SECONDS, compared[1]
        differences = Differences(recording)
        for endpoint in recording.scenario.endpoints:
            if not any(run.began <= until and run.ended >= since for run in recording.runs_of(endpoint)):
                moments = _moments(recording, since, until)
                expected = set.intersection(*(_known(differences, *each, endpoint) for each in moments))
                expected -= _uncertain(recording, endpoint)
                missing = expected - _reported(recording, endpoint, *compared)
                yield f"{sweep.name} did not report {', '.join(missing)} of {endpoint}" if missing else ""


def drift_is_never_false(recording: Recording) -> Iterator[str]:
    """Each reported difference existed, and no execution was changing the endpoint."""
    differences = Differences(recording)
    for event in recording.drift_events:
        moment, endpoint, kind = _moment(event), event["EndpointName"], event["Kind"]
        since = moment - recording.visibility_seconds - _LOOK_SECONDS
        if kind == "UploadNotDeployed":
            yield _problem_with_upload(recording, endpoint, moment)
            continue
        moments = _moments(recording, since, moment)
        was_so = any(kind in _possible(differences, *each, endpoint) for each in moments)
        yield "" if was_so else f"{kind} of {endpoint} was reported, and was not so"
        for run in recording.runs_of(endpoint):
            has_changed = any(each.actor == run.name and each.name == endpoint for each in _until(recording, since))
            is_under_way = has_changed and run.ended > moment and not run.execution.redrive_count
            yield f"{kind} of {endpoint} was reported while {run.name} was under way" if is_under_way else ""


def only_named_drift_is_repaired(recording: Recording) -> Iterator[str]:
    """A sweep starts a repair only of a kind of drift that its stack names."""
    kinds = {event["Repair"]: event["Kind"] for event in recording.drift_events if "Repair" in event}
    for run in recording.runs:
        if run.name.startswith("repair-"):
            kind, named = kinds.get(run.arn, "ConfigReplaced"), run.environment["REPAIR_DRIFT"].split(",")
            yield "" if kind in named else f"{run.name} repairs {kind}, and the stack names {named}"


def _comparison(sweep: SweepRun) -> tuple[float, float] | None:
    """Return when a sweep began and ended to compare endpoints; None if it did not come to an end."""
    visits: list[Visit] = [visit for visit in visits_of(sweep.execution) if visit.state == "DetectDrift"]
    if not visits or visits[-1].left is None or visits[-1].has_failed:
        return None
    return visits[0].entered, visits[-1].left


def _moments(recording: Recording, since: float, until: float) -> Iterator[tuple[Account, float]]:
    """Yield the account at a moment, and after each change up to another one; it is one account that changes."""
    account = at(recording.served_writes, since)
    yield account, since
    writes: dict[float, list[Write]] = defaultdict(list)
    for write in recording.served_writes:
        writes[write.time].append(write)
    others = (recording.object_writes, recording.registrations, recording.alarm_changes, recording.invocations)
    times = {each.time for kind in others for each in kind} | writes.keys() | {until}
    for moment in sorted(time for time in times if since < time <= until):
        if not writes[moment]:
            yield account, moment
        for write in writes[moment]:
            account.apply(write)
            yield account, moment


def _known(differences: Differences, account: Account, moment: float, endpoint: str) -> set[str]:
    """Return the differences of an endpoint that some revision of this stack was deployed to."""
    is_known = bool(retained_revisions(account, endpoint, 1))
    return _differences(differences, account, moment, endpoint) if is_known else set()


def _uncertain(recording: Recording, endpoint: str) -> set[str]:
    """Return the kinds that nobody has to report, because tags were removed, or several executions made alarms."""
    if recording.is_disowned(endpoint):
        return _OF_CONTENT
    revisions = [run.revision for run in recording.runs_of(endpoint) if run.revision]
    return _OF_ALARMS if len(set(revisions)) < len(revisions) else set()


def _possible(differences: Differences, account: Account, moment: float, endpoint: str) -> set[str]:
    """Return the differences of an endpoint, and those that its alarms may have while its scaling is not whole."""
    record = account.endpoints.get(endpoint)
    is_whole = record is None or differences.are_step_alarms_whole(record, moment)
    return _differences(differences, account, moment, endpoint) | (set() if is_whole else _OF_ALARMS)


def _differences(differences: Differences, account: Account, moment: float, endpoint: str) -> set[str]:
    """Return the kinds of differences between an endpoint and the newest deployed revision."""
    record = account.endpoints.get(endpoint)
    if record is None:
        return {"EndpointDeleted"}
    if record["EndpointStatus"] != "InService":
        return {"EndpointFailed"} if record["EndpointStatus"] in _FAILED else set()
    attached = Revision.parse(endpoint, record["EndpointConfigName"])
    if attached is None:
        return {"ConfigReplaced"}
    config = account.configs.get(attached.name)
    if config is None or record[BASE] not in account.configs:
        # What the stored request says is still compared; the rest stood in the config and in its tags.
        return {"ConfigDeleted"} | (differences.kinds(record, moment) & {"StoredDataDeleted"})
    is_pending = account.tags_of("configs", attached.name).get(STATE_TAG) == PENDING
    newest = [Revision.parse(endpoint, name) for name in retained_revisions(account, endpoint, 1)]
    is_older = any(each and each.order > attached.order for each in newest)
    found = {"ConfigReplaced"} if is_pending or is_older else set()
    found |= differences.kinds(record, moment)
    return found | ({"ModelDeleted"} if any(name not in account.models for name in models_of(config)) else set())


def _problem_with_upload(recording: Recording, endpoint: str, moment: float) -> str:
    """Return whether the newest artifact of an endpoint was deployed when it was reported not to be."""
    written = [
        each
        for each in recording.object_writes
        if each.key.startswith(f"models/{endpoint}/") and each.key.endswith("model.tar.gz") and each.time <= moment
    ]
    current = {each.key: each.version for each in written}
    # What was deployed to an endpoint that a person has deleted since is not deployed to the one of that name.
    record = at(recording.served_writes, moment).endpoints.get(endpoint)
    created_at = record["CreationTime"].timestamp() if record else 0.0
    for run in recording.runs_of(endpoint):
        versions = {data["Version"] for data in run.plan.get("Data", [])}
        is_there = run.outcome == "Deployed" and created_at <= run.ended <= moment
        # What a person has attached since may give way to an older request.
        is_there = is_there and not recording.is_taken_over(endpoint, run.ended, moment)
        if is_there and written and current[written[-1].key] in versions:
            return f"an upload of {endpoint} was reported, and {run.name} had deployed it"
    return ""


def _until(recording: Recording, moment: float) -> list[Write]:
    return [write for write in recording.served_writes if write.table == "endpoints" and write.time <= moment]


def _moment(event: Document) -> float:
    return datetime.fromisoformat(event["DetectedAt"]).timestamp()


def _reported(recording: Recording, endpoint: str, since: float, until: float) -> set[str]:
    """Return the kinds of differences that were reported of an endpoint in a period."""
    events = [event for event in recording.drift_events if event["EndpointName"] == endpoint]
    return {event["Kind"] for event in events if since <= _moment(event) <= until}
