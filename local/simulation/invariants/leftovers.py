"""Invariants of the sweep: unused resources are deleted by the first sweep after the retention."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from deployer.planning.names import Revision
from deployer.tags import PENDING, PREVIOUS_TAG, STACK_TAG, STATE_TAG
from local.simulation.account_state import at
from local.simulation.invariants.sweeping import retained_revisions
from local.simulation.runs import seconds
from local.simulation.scenario import FINAL_REQUEST_PREFIX
from local.simulation.served_revisions import used_configs
from local.virtual_time.world import STACK_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.account_state import Account
    from local.simulation.recording import Recording

_STORE = "revisions/"


def unused_resources_are_swept(recording: Recording) -> Iterator[str]:
    """After the last sweeps, every config, model and stored object of the stack is in use or retained.

    The first of them suffices where no replica lags; otherwise a deletion may be seen by a later one only.
    """
    last = [sweep for sweep in recording.sweeps if sweep.name.startswith(FINAL_REQUEST_PREFIX)]
    if not last:
        return
    sweep = last[-1] if recording.scenario.longest_lag else last[0]
    moment = seconds(sweep.execution.record["stopDate"])
    account = at(recording.served_writes, moment)
    used = _used_configs(account, sweep.retained)
    for name in _own(account, "configs"):
        if any(Revision.parse(endpoint, name) for endpoint in recording.scenario.endpoints):
            yield "" if name in used else f"{name} is left, which nothing uses"
    for name in _own(account, "models"):
        yield "" if account.configs_with(name) else f"{name} is left, which no config uses"
    yield from _left_objects(recording, account, moment)


def _used_configs(account: Account, retained: int) -> set[str]:
    """Return the configs that endpoints have, may be restored to, or retain."""
    used = {name for endpoint in account.endpoints.values() for name in used_configs(endpoint)}
    for tags in [account.tags_of("configs", name) for name in used]:
        used |= {tags[PREVIOUS_TAG]} if tags.get(STATE_TAG) == PENDING and PREVIOUS_TAG in tags else set()
    for endpoint in account.endpoints:
        used |= {*retained_revisions(account, endpoint, retained)}
    return used


def _own(account: Account, table: str) -> list[str]:
    names: list[str] = list(getattr(account, table))
    return [name for name in names if account.tags_of(table, name).get(STACK_TAG) == STACK_NAME]


def _left_objects(recording: Recording, account: Account, moment: float) -> Iterator[str]:
    """Yield each stored object: empty if its config or a model of its revision is there, or a request names it."""
    contents = {write.key: write.content for write in recording.object_writes if write.time <= moment}
    stored = {key: content for key, content in contents.items() if content is not None and key.startswith(_STORE)}
    requests = {key: json.loads(content) for key, content in stored.items() if key.endswith("/request.json")}
    for key, content in stored.items():
        _, endpoint, revision, *_ = key.split("/")
        request = requests.get(f"{_STORE}{endpoint}/{revision}/request.json", {"ModelNames": {}})
        if revision == "artifacts":
            digest = key.split("/")[3]
            is_used = any(digest in json.dumps(each) for each in requests.values())
        else:
            is_used = revision in account.configs or any(
                name in account.models for name in request["ModelNames"].values()
            )
        yield "" if is_used else f"{key} is left, {len(content)} bytes that nothing uses"
