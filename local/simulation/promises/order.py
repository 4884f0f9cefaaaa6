"""The same request twice is one deployment, and an older one never replaces a newer one."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from deployer.aws.sagemaker import CONFIRMED_TAG
from deployer.planning.names import Revision
from local.simulation.account import STUCK, at, configs_of, replay
from local.simulation.story import Upload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.account import Account
    from local.simulation.recording import Recording, Write
    from local.simulation.runs import Run

VISIBILITY_SECONDS = 120.0
"""How long the deployer takes it that anything may stay invisible."""

_FORWARD = frozenset({"CreateEndpoint", "UpdateEndpoint"})


def an_older_request_never_replaces_a_newer_one(recording: Recording) -> Iterator[str]:
    """UpdateEndpoint never goes from a newer revision to an older one, nor past a confirmation that can be seen."""
    confirmed_at: dict[str, float] = {}
    for write, account in replay(recording.writes):
        confirmed = (write.value or {}).get(CONFIRMED_TAG) if write.table == "tags" else None
        if confirmed and confirmed != account.tags.get(write.name, {}).get(CONFIRMED_TAG):
            confirmed_at[write.name] = write.time
        if write.begins and write.state == "UpdateEndpoint":
            attached, wanted = (Revision.parse(write.name, name) for name in configs_of(write.value))
            if attached and wanted:
                is_older = wanted.order <= attached.order
                yield f"{write.actor} changed {write.name} from {attached.name} to {wanted.name}" if is_older else ""
                yield _past_confirmation(write, account, attached, wanted, confirmed_at)


def _past_confirmation(
    write: Write, account: Account, attached: Revision, wanted: Revision, confirmed_at: dict[str, float]
) -> str:
    arn = account.endpoints[write.name]["EndpointArn"]
    confirmed = Revision.parse(write.name, account.tags.get(arn, {}).get(CONFIRMED_TAG, ""))
    if confirmed and attached.is_confirmed_by(confirmed) and wanted.order < confirmed.order:
        age = write.time - confirmed_at.get(arn, write.time)
        if age > VISIBILITY_SECONDS + 60:
            return (
                f"{write.actor} changed {write.name} to {wanted.name}, {age:.0f} s after {confirmed.name} was confirmed"
            )
    return ""


def endpoints_end_on_the_newest_request(recording: Recording) -> Iterator[str]:
    """When all has ended, an endpoint that nobody changed by hand has the newest revision that was deployed."""
    account = at(recording.writes, recording.calmed)
    for name in recording.story.endpoints:
        runs = [run for run in recording.runs_of(name) if run.revision and run.ended <= recording.calmed]
        done = [revision for run in runs if run.has_succeeded and (revision := Revision.parse(name, run.revision))]
        if not done or recording.is_taken_over(name):
            continue
        newest = max(done, key=lambda revision: revision.order)
        endpoint = account.endpoints.get(name)
        if endpoint and endpoint["EndpointStatus"] in STUCK:
            continue
        live = Revision.parse(name, endpoint["EndpointConfigName"]) if endpoint else None
        may_be = {run.revision for run in runs if run.is_unfinished or run.error == "DeploymentSupersededError"}
        is_right = live and (live.digest == newest.digest or (live.name in may_be and live.order > newest.order))
        found = live.name if live else "nothing"
        yield "" if is_right else f"{name} ended on {found}, and {newest.name} was deployed"


def one_event_is_one_revision(recording: Recording) -> Iterator[str]:
    """All copies of an event plan the same revision; of an upload, unless there were other uploads."""
    groups: dict[str, list[Run]] = defaultdict(list)
    for run in recording.runs:
        # Which revision a rollback means depends on what is live by then.
        if (
            run.revision
            and "detail-type" in run.execution.record["input"]
            and "Rollback" not in run.execution.record["input"]
        ):
            groups[run.ask.name].append(run)
    for name, runs in groups.items():
        uploads = [ask for ask in recording.story.asks if isinstance(ask, Upload)]
        if isinstance(runs[0].ask, Upload) and len(uploads) > 1:
            continue
        revisions = {run.revision for run in runs}
        yield f"{name} became {', '.join(sorted(revisions))}" if len(revisions) > 1 else ""


def a_revision_goes_live_once(recording: Recording) -> Iterator[str]:
    """No revision is attached a second time, unless it failed, was undone, or somebody changed the endpoint by hand."""
    for name in recording.story.endpoints:
        writes = [write for write in recording.writes if write.table == "endpoints" and write.name == name]
        forward = [index for index, write in enumerate(writes) if write.state in _FORWARD and write.begins]
        by_revision: dict[str, list[int]] = defaultdict(list)
        for index in forward:
            by_revision[configs_of(writes[index].value)[-1]].append(index)
        for revision, indexes in by_revision.items():
            yield ""
            for first, second in pairwise(indexes):
                between = writes[first + 1 : second]
                if not any(_takes_back(recording, write) for write in between):
                    yield f"{name} was changed to {revision} twice, by {writes[first].actor} and {writes[second].actor}"


def _takes_back(recording: Recording, write: Write) -> bool:
    status = write.value["EndpointStatus"] if write.value else "Deleting"
    is_by_service = status in {"RollingBack", "Failed"}
    return is_by_service or write.state == "UndoDeployment" or recording.is_by_hand(write)
