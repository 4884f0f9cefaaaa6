"""Invariants of deletions: only unused resources of the stack are deleted."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING

from deployer.planning.names import Revision
from deployer.tags import DEPLOYED, PENDING, PREVIOUS_TAG, STACK_TAG, STATE_TAG, USED_AT_TAG
from local.simulation.account_state import at, configs_of, data_urls, replay
from local.simulation.served_revisions import used_configs
from local.virtual_time.world import BUCKET, STACK_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.account_state import Account
    from local.simulation.recording import Recording
    from local.simulation.records import ObjectWrite, Write
    from local.simulation.runs import SweepRun

_LOOK_SECONDS = 300.0
"""How long before a deletion a function may have looked at what it depends on."""

_Use = tuple[str, str]
"""Why something may not be deleted, and what uses it: the name of a record, or empty."""


def nothing_in_use_is_swept(recording: Recording) -> Iterator[str]:
    """A sweep deletes nothing that is in use, retained or younger than the retention; a dry run deletes nothing.

    A use that began just before the deletion could not be visible.
    """
    sweeps = {sweep.name: sweep for sweep in recording.sweeps}
    began: dict[str, float] = {}
    for write, account in replay(recording.served_writes):
        sweep = sweeps.get(write.actor)
        if sweep is None or write.value is not None or write.table not in {"configs", "models"}:
            _note_use(began, write)
            continue
        visible_by = write.time - recording.visibility_seconds - _LOOK_SECONDS
        uses = _uses_of_config(account, write, sweep) if write.table == "configs" else _uses_of_model(account, write)
        found = [*_age_problems(account, write, sweep, visible_by, began), *uses]
        problems = [problem for problem, user in found if began.get(user, -math.inf) <= visible_by]
        yield f"{sweep.name} deleted {write.name}: {'; '.join(problems)}" if problems else ""
    for deletion in recording.object_writes:
        sweep = sweeps.get(deletion.actor)
        if sweep is not None and deletion.content is None:
            yield _problem_with_deleted_object(recording, deletion, sweep)


def _note_use(began: dict[str, float], write: Write) -> None:
    """Note when an endpoint got its configs, when a config was created, and when tags were set."""
    is_same = write.table == "endpoints" and used_configs(write.before) == used_configs(write.value)
    if not is_same:
        began[write.name] = write.time


def _age_problems(
    account: Account, write: Write, sweep: SweepRun, visible_by: float, began: dict[str, float]
) -> Iterator[_Use]:
    if sweep.is_dry_run:
        yield "it was a dry run", ""
    cutoff = sweep.began - sweep.retention
    created = (write.before or {})["CreationTime"].timestamp()
    if created > cutoff:
        yield f"it was created {sweep.began - created:.0f} s before the sweep", ""
    arn = account.arn_of(write.table, write.name)
    used_at = account.tags.get(arn, {}).get(USED_AT_TAG)
    if used_at and datetime.fromisoformat(used_at).timestamp() > cutoff and began.get(arn, -math.inf) <= visible_by:
        yield f"it was used at {used_at}", ""


def _uses_of_config(account: Account, write: Write, sweep: SweepRun) -> Iterator[_Use]:
    for name, endpoint in account.endpoints.items():
        if write.name in used_configs(endpoint):
            yield f"{name} has it", name
        tags = account.tags_of("configs", endpoint["EndpointConfigName"])
        if tags.get(PREVIOUS_TAG) == write.name and tags.get(STATE_TAG) == PENDING:
            yield f"{name} may be restored to it", name
        if write.name in retained_revisions(account, name, sweep.retained):
            yield f"{name} retains it", name


def retained_revisions(account: Account, endpoint: str, retained: int) -> list[str]:
    """Return the newest deployed revisions of an endpoint that are the stack's."""
    revisions = {name: revision for name in account.configs if (revision := Revision.parse(endpoint, name))}
    tags = {name: account.tags_of("configs", name) for name in revisions}
    deployed = [name for name, own in tags.items() if own.get(STATE_TAG) == DEPLOYED and _is_own(own)]
    return sorted(deployed, key=lambda name: revisions[name].order, reverse=True)[:retained]


def _is_own(tags: dict[str, str]) -> bool:
    return tags.get(STACK_TAG) == STACK_NAME


def _uses_of_model(account: Account, write: Write) -> Iterator[_Use]:
    for config in account.configs_with(write.name):
        yield f"{config} names it", config


def _problem_with_deleted_object(recording: Recording, deletion: ObjectWrite, sweep: SweepRun) -> str:
    """Return why an object should not have been deleted; empty if it should."""
    written = [each for each in recording.object_writes if each.key == deletion.key and each.time < deletion.time]
    if not written or sweep.is_dry_run:
        return f"{sweep.name} deleted {deletion.key} in a dry run, or which was not there"
    age = sweep.began - written[-1].time
    if age < sweep.retention:
        return f"{sweep.name} deleted {deletion.key}, which is {age:.0f} s old"
    visible_by = deletion.time - recording.visibility_seconds - _LOOK_SECONDS
    account, before = at(recording.writes, deletion.time), at(recording.writes, visible_by)
    url = f"s3://{BUCKET}/{deletion.key}"
    names = [name for name in account.models.keys() & before.models if url in _covering(account.models[name], url)]
    revision = deletion.key.split("/")[2]
    names += [revision] if revision in account.configs and revision in before.configs else []
    return f"{sweep.name} deleted {deletion.key}, which {', '.join(names)} uses" if names else ""


def _covering(model: dict[str, object], url: str) -> set[str]:
    """Return the URL of an object if a model loads it, by itself or as a part of a folder."""
    return (
        {url}
        if any(url == each or (each.endswith("/") and url.startswith(each)) for each in data_urls(model))
        else set()
    )


def only_own_resources_are_deleted(recording: Recording) -> Iterator[str]:
    """Sweeps delete models and configs with the stack's tag; a run deletes an endpoint only if it was created for it.

    An endpoint that has served anything else is changed back instead, unless that was a revision that failed: then it
    went back to what it was created for. That an operator removed a tag just before could not be seen.
    """
    hidden = recording.visibility_seconds + _LOOK_SECONDS
    revisions = {run.name: run.revision for run in recording.runs}
    untagged: dict[str, float] = {}
    served: dict[str, set[str]] = defaultdict(set)
    deployed = _deployed_configs(recording)
    for write, account in replay(recording.served_writes):
        if write.table == "endpoints":
            served[write.name] = (served[write.name] if write.begins != "Creating" else set()) | {
                *configs_of(write.value)
            }
        is_untagged = write.time - untagged.get(account.arn_of(write.table, write.name), -math.inf) <= hidden
        if write.is_untagging:
            untagged[write.name] = write.time
        elif write.table in {"configs", "models"} and write.value is None and write.function:
            yield "" if write.function == "SweepUnused" else f"{write.actor} deleted {write.name} in {write.function}"
            is_own = _is_own(account.tags_of(write.table, write.name)) or is_untagged
            yield "" if is_own else f"{write.actor} deleted {write.name}, which is not the stack's"
        elif write.begins == "Deleting" and write.actor in revisions:
            is_own = _is_own(account.tags_of("endpoints", write.name)) or is_untagged
            yield "" if is_own else f"{write.actor} deleted endpoint {write.name}, which is not the stack's"
            others = _others(write, served[write.name] - {revisions[write.actor]}, deployed)
            yield f"{write.actor} deleted endpoint {write.name}, which had {', '.join(others)}" if others else ""


def _deployed_configs(recording: Recording) -> set[str]:
    """Return the names in lower case, as ARNs have them, of the endpoint configs that were marked as deployed."""
    tagged = ((write.name, write.value or {}) for write in recording.writes if write.table == "tags")
    return {arn.rpartition("/")[2] for arn, tags in tagged if tags.get(STATE_TAG) == DEPLOYED}


def _others(deletion: Write, served: set[str], deployed: set[str]) -> set[str]:
    """Return which of the configs that an endpoint has served forbid to delete it: not revisions that failed."""
    current = configs_of(deletion.before)
    return {
        name
        for name in served
        if name in current or Revision.parse(deletion.name, name) is None or name.lower() in deployed
    }
