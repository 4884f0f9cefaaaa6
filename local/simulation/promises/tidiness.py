"""Nothing that is in use is deleted, nothing that is not is left, and no object is ever written."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from deployer.planning.names import Revision
from deployer.planning.revision import EXECUTION_TAG, REVISION_TAG, STACK_TAG
from local.simulation.account import at, models_of, replay
from local.simulation.playing import EPILOGUE
from local.simulation.promises.order import VISIBILITY_SECONDS
from local.simulation.recording import is_untagging
from local.virtual_time.world import STACK_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.account import Account
    from local.simulation.recording import Recording
    from local.simulation.runs import Run

_FUNCTION_SECONDS = 300.0
"""How long a function may look around before it deletes."""


def nothing_in_use_is_deleted(recording: Recording) -> Iterator[str]:
    """No config is deleted that an endpoint has or goes to, and no model that a config names.

    What a person began to use just before could not be seen. Retiring deletes the models before their configs.
    """
    hidden = VISIBILITY_SECONDS + _FUNCTION_SECONDS
    runs = {run.name: run for run in recording.runs}
    retained = int(recording.story.environment["RETAINED_REVISIONS"])
    since: dict[str, float] = {}
    for write, account in replay(recording.writes):
        if write.table in {"configs", "endpoints"}:
            if recording.is_by_hand(write):
                since[write.name] = write.time
            elif write.actor in recording.names and (write.begins or write.table == "configs"):
                since.pop(write.name, None)
        if write.actor in recording.names and write.value is None and write.table in {"configs", "models"}:
            users = account.endpoints_on(write.name) if write.table == "configs" else account.configs_with(write.name)
            seen = [user for user in users if write.time - since.get(user, -math.inf) > hidden]
            if write.table == "models" and write.state == "RetireRevisions":
                going = _beyond(account, runs[write.actor], retained)
                seen = [user for user in seen if user not in going or account.endpoints_on(user)]
            yield f"{write.actor} deleted {write.name} in {write.state}, which {', '.join(seen)} uses" if seen else ""


def only_what_is_ours_is_deleted(recording: Recording) -> Iterator[str]:
    """Whatever is deleted bears the stack's tag, and an endpoint that of the very execution that deletes it.

    Nor is an endpoint deleted that another run has changed, for that one relies on what was served before. That a
    person took a tag off just before could not be seen.
    """
    hidden = VISIBILITY_SECONDS + _FUNCTION_SECONDS
    arns = {run.name: run.arn for run in recording.runs}
    untagged: dict[str, float] = {}
    changed: dict[str, set[str]] = defaultdict(set)
    for write, account in replay(recording.writes):
        if write.begins == "Creating":
            changed[write.name].clear()
        elif write.begins == "Updating" and write.actor in arns:
            changed[write.name].add(write.actor)
        if write.actor not in arns:
            if is_untagging(write):
                untagged[write.name] = write.time
            continue
        if write.time - untagged.get(account.arn_of(write.table, write.name), -math.inf) <= hidden:
            continue
        if write.table in {"configs", "models"} and write.value is None:
            is_ours = account.tags_of(write.table, write.name).get(STACK_TAG) == STACK_NAME
            yield "" if is_ours else f"{write.actor} deleted {write.name}, which is not the stack's"
        if write.begins == "Deleting":
            is_own = account.tags_of("endpoints", write.name).get(EXECUTION_TAG) == arns[write.actor]
            yield "" if is_own else f"{write.actor} deleted endpoint {write.name}, which it did not make"
            others = changed[write.name] - {write.actor}
            changers = ", ".join(sorted(others))
            yield f"{write.actor} deleted endpoint {write.name}, which {changers} had changed" if others else ""


def no_object_is_written(recording: Recording) -> Iterator[str]:
    """The functions only read from S3."""
    yield ", ".join(recording.objects_written)


def nothing_is_left_behind(recording: Recording) -> Iterator[str]:
    """When all has ended, whatever the runs created is live, is history, is told as left, or is an unfinished run's."""
    account = at(recording.writes, recording.calmed)
    runs = [run for run in recording.runs if not run.ask.name.startswith(EPILOGUE)]
    told = {name for run in runs for name in run.left}
    unfinished = [run for run in runs if run.is_unfinished]
    excused = told | {name for run in unfinished for name in (run.revision, *run.models)}
    history = {run.revision for run in runs if run.has_succeeded or run.outcome == "Superseded"}
    # Whether these were live for a moment nobody knows; a newer run may go back to them.
    excused |= {run.revision for run in runs if run.error == "DeploymentSupersededError"}
    excused |= _models_of_what_a_person_deleted(recording)
    arns = {run.arn for run in runs}
    for name in account.configs:
        if account.tags_of("configs", name).get(EXECUTION_TAG) in arns:
            is_right = account.endpoints_on(name) or name in excused or (name in history and _was_live(recording, name))
            yield "" if is_right else f"{name} is left, which nothing uses"
    for name in account.models:
        if account.tags_of("models", name).get(STACK_TAG) == STACK_NAME:
            is_right = account.configs_with(name) or name in excused
            yield "" if is_right else f"{name} is left, which no config uses"


def _models_of_what_a_person_deleted(recording: Recording) -> set[str]:
    deletions = [
        write.before
        for write in recording.writes
        if write.table == "configs" and write.value is None and write.before and recording.is_by_hand(write)
    ]
    return {model for config in deletions for model in models_of(config)}


def _was_live(recording: Recording, config: str) -> bool:
    return any(
        write.table == "endpoints"
        and write.value
        and (write.value["EndpointStatus"], write.value["EndpointConfigName"]) == ("InService", config)
        for write in recording.writes
    )


def what_is_left_is_told_truly(recording: Recording) -> Iterator[str]:
    """What an outcome names as left was there shortly before."""
    for run in recording.runs:
        if run.left and "UndoFailure" not in run.data:
            # Not when it ended: an execution that has ended as Failed can be redriven, and ends once more.
            told = max((visit.entered for visit in run.visits if visit.state == "AnnounceOutcome"), default=run.ended)
            there = _there_between(recording, told - VISIBILITY_SECONDS - _FUNCTION_SECONDS, told)
            missing = sorted(set(run.left) - there)
            yield f"{run.name} left {', '.join(missing)}, which was not there" if missing else ""


def _there_between(recording: Recording, start: float, end: float) -> set[str]:
    account = at(recording.writes, start)
    later = {write.name for write in recording.writes if start <= write.time <= end and write.value is not None}
    return {*account.models, *account.configs} | later


def old_revisions_go(recording: Recording) -> Iterator[str]:
    """After the last deployment, only as many revisions are there as are retained, and those that something keeps.

    Where replicas lag, some may be left to a later deployment.
    """
    if recording.story.settings.lag:
        return
    retained = int(recording.story.environment["RETAINED_REVISIONS"])
    account = at(recording.writes, math.inf)
    for run in recording.runs:
        if run.ask.name.startswith(EPILOGUE) and run.end == "Deployed":
            yield from _too_old(run, account, retained)


def _beyond(account: Account, run: Run, retained: int) -> list[str]:
    """Name the revisions beyond retention after a run, but for the one that was live before it."""
    live = Revision.parse(run.endpoint, run.revision)
    before = run.plan["Live"]["EndpointConfigName"] if run.plan.get("Live") else ""
    found = {name: Revision.parse(run.endpoint, name) for name in account.configs}
    older = {name: each for name, each in found.items() if each and live and each.order < live.order}
    newest_first = sorted(older, key=lambda name: older[name].order, reverse=True)
    return [name for name in newest_first[max(retained - 1, 0) :] if name != before]


def _too_old(run: Run, account: Account, retained: int) -> Iterator[str]:
    live = Revision.parse(run.endpoint, run.revision)
    yield ""
    for name in _beyond(account, run, retained):
        is_kept = (
            account.endpoints_on(name)
            or account.tags_of("configs", name).get(STACK_TAG) != STACK_NAME
            or any(_is_claimed(account, run.endpoint, model, live) for model in models_of(account.configs[name]))
        )
        yield "" if is_kept else f"{name} is older than the {retained} revisions that {run.endpoint} retains"


def _is_claimed(account: Account, endpoint: str, model: str, live: Revision | None) -> bool:
    claimant = Revision.parse(endpoint, account.tags_of("models", model).get(REVISION_TAG, ""))
    return claimant is not None and live is not None and claimant.order > live.order
