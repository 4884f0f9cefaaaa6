"""Invariants of order: a repeated request is one deployment, and an older request never replaces a newer one."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from deployer.planning.names import Revision
from deployer.tags import CONFIRMED_TAG
from local.simulation.account_state import STUCK, at, configs_of, replay
from local.simulation.scenario import Upload
from local.simulation.served_revisions import attached_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.account_state import Account
    from local.simulation.recording import Recording
    from local.simulation.records import Write
    from local.simulation.runs import Run


def older_requests_never_replace_newer_ones(recording: Recording) -> Iterator[str]:
    """No update, of weights neither, goes from a newer revision to an older one, nor past a visible confirmation."""
    confirmed_at: dict[str, float] = {}
    for write, account in replay(recording.served_writes):
        confirmed = (write.value or {}).get(CONFIRMED_TAG) if write.table == "tags" else None
        if confirmed and confirmed != account.tags.get(write.name, {}).get(CONFIRMED_TAG):
            confirmed_at[write.name] = write.time
        if write.function in {"UpdateEndpoint", "UpdateWeights"} and attached_by(write):
            served = configs_of(write.before)
            attached, wanted = (Revision.parse(write.name, name) for name in (served[0], attached_by(write)))
            if attached and wanted:
                is_older = wanted.order <= attached.order
                yield f"{write.actor} changed {write.name} from {attached.name} to {wanted.name}" if is_older else ""
                arn = account.arn_of("configs", attached.name)
                age = write.time - confirmed_at.get(arn, write.time)
                is_visible = age > recording.visibility_seconds + 60
                yield _past_confirmation(write, account, attached, wanted) if is_visible else ""


def _past_confirmation(write: Write, account: Account, attached: Revision, wanted: Revision) -> str:
    tags = account.tags_of("configs", attached.name)
    confirmed = Revision.parse(write.name, tags.get(CONFIRMED_TAG, ""))
    if confirmed and attached.is_confirmed_by(confirmed) and wanted.order < confirmed.order:
        return f"{write.actor} changed {write.name} to {wanted.name}, long after {confirmed.name} was confirmed"
    return ""


def endpoints_end_on_the_newest_request(recording: Recording) -> Iterator[str]:
    """When all has ended, an endpoint that nobody else changed has the newest revision that was deployed."""
    account = at(recording.served_writes, recording.settled)
    for name in recording.scenario.endpoints:
        runs = [run for run in recording.runs_of(name) if run.revision and run.ended <= recording.settled]
        done = [revision for run in runs if run.has_succeeded and (revision := Revision.parse(name, run.revision))]
        if not done or recording.is_taken_over(name):
            continue
        newest = max(done, key=lambda revision: revision.order)
        endpoint = account.endpoints.get(name)
        if endpoint and endpoint["EndpointStatus"] in STUCK:
            continue
        live = Revision.parse(name, endpoint["EndpointConfigName"]) if endpoint else None
        possible = {run.revision for run in runs if run.is_unfinished or run.error == "DeploymentSupersededError"}
        is_right = live and (live.digest == newest.digest or (live.name in possible and live.order > newest.order))
        found = live.name if live else "nothing"
        yield "" if is_right else f"{name} ended on {found}, and {newest.name} was deployed"


def copies_of_an_event_are_one_revision(recording: Recording) -> Iterator[str]:
    """All copies of an event plan the same revision; of an upload, unless there were other uploads."""
    groups: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in recording.runs:
        text = run.execution.record["input"]
        # The target of a rollback depends on what is live at that time.
        if run.revision and "detail-type" in text and "Rollback" not in text:
            groups[run.request.name, run.environment["COPY_ARTIFACTS"]].append(run)
    for (name, _), runs in groups.items():
        if not _depends_on_objects(recording, runs[0]):
            revisions = {run.revision for run in runs}
            yield f"{name} became {', '.join(sorted(revisions))}" if len(revisions) > 1 else ""


def _depends_on_objects(recording: Recording, run: Run) -> bool:
    """Return whether the meaning of a request depends on the objects in S3 at that time."""
    uploads = [request for request in recording.scenario.requests if isinstance(request, Upload)]
    if isinstance(run.request, Upload) and len(uploads) > 1:
        return True
    changed = {write.key for write in recording.object_writes if write.before is not None}
    return any(f"{key}" in run.execution.record["input"] for key in changed) or (
        isinstance(run.request, Upload) and any(key.startswith("models/") for key in changed)
    )


def revisions_go_live_once(recording: Recording) -> Iterator[str]:
    """No revision is attached twice, unless it failed, was taken back, or an operator changed the endpoint."""
    for name in recording.scenario.endpoints:
        writes = [write for write in recording.served_writes if write.table == "endpoints" and write.name == name]
        by_revision: dict[str, list[int]] = defaultdict(list)
        for index, write in enumerate(writes):
            if revision := attached_by(write):
                by_revision[revision].append(index)
        for revision, indexes in by_revision.items():
            yield ""
            for first, second in pairwise(indexes):
                between = writes[first + 1 : second]
                if not any(_is_reversal(recording, write) for write in between):
                    yield f"{name} was changed to {revision} twice, by {writes[first].actor} and {writes[second].actor}"


def _is_reversal(recording: Recording, write: Write) -> bool:
    status = write.value["EndpointStatus"] if write.value else "Deleting"
    is_by_service = status in {"RollingBack", "Failed"}
    return is_by_service or write.function == "RestoreEndpoint" or recording.is_by_operator(write)
