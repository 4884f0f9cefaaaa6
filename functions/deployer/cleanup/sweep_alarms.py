"""The sweep of CloudWatch: the alarms that the deployer made for guarded updates and step policies, and nothing uses.

Models and configs cost nothing, alarms do. An alarm that is missing while it guards an update is worse: SageMaker can
no longer roll back. So an alarm stays while any stored request names it. A run stores its request first, and makes the
alarms, which notes the time on them, right before the update; both are looked at again just before the deletion.

The alarms of step policies are used for as long as their revision is live, also if its stored request is gone.

Their names say whose they are: no stack's name has a slash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.alarm_names import endpoint_of, rollback_prefix, scaling_prefix
from deployer.cleanup.sweep import Kind
from deployer.errors import InvalidRequestError
from deployer.planning.abort import abort_prefix
from deployer.planning.keys import STORE_PREFIX
from deployer.planning.live import Live
from deployer.planning.rollback_alarms import rollback_alarms
from deployer.planning.scaling import scaled_variants
from deployer.planning.stored_requests import read_stored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.cleanup.sweep import Sweep
    from deployer.json_document import Document


def sweep_alarms(sweep: Sweep) -> None:
    """Remove the alarms of stored requests that are gone, and those that end updates of endpoints that are gone."""
    prefixes = (abort_prefix(sweep.stack), rollback_prefix(sweep.stack), scaling_prefix(sweep.stack))
    listed = [alarm for prefix in prefixes for alarm in sweep.monitoring.list_alarms(prefix)]
    old = [alarm["AlarmName"] for alarm in listed if _is_old(sweep, alarm)]
    endpoints = set(sweep.account.list_endpoints()) if old else set()
    for name in sweep.remaining(old):
        sweep.account.wait()
        if _is_unused(sweep, name, endpoints):
            current = sweep.monitoring.alarms([name]).get(name)
            if current and _is_old(sweep, current):
                sweep.remove(Kind.ALARMS, name, sweep.monitoring.delete_alarm)


def _is_old(sweep: Sweep, alarm: Document) -> bool:
    """Return whether an alarm was made, or found by a run, before everything that is kept for its age."""
    return bool(alarm["AlarmConfigurationUpdatedTimestamp"] < sweep.cutoff)


def _is_unused(sweep: Sweep, name: str, endpoints: set[str]) -> bool:
    is_of_scaling = name.startswith(scaling_prefix(sweep.stack))
    prefix = (scaling_prefix if is_of_scaling else rollback_prefix)(sweep.stack)
    endpoint_name = endpoint_of(name, prefix)
    if not endpoint_name:
        return name.removeprefix(abort_prefix(sweep.stack)) not in endpoints
    named = dict(_named(sweep, endpoint_name))
    if any(names is None or name in names for names in named.values()):
        return False
    endpoint = sweep.account.find_endpoint(endpoint_name)
    live = Live.of(endpoint) if endpoint else None
    return live is None or not (live.is_waiting or (is_of_scaling and live.config_name not in named))


def _named(sweep: Sweep, endpoint_name: str) -> Iterator[tuple[str, set[str] | None]]:
    """Yield the stored revisions of an endpoint with the alarms that each names; None for one that cannot be read."""
    for revision in sweep.objects.list_folders(sweep.bucket, f"{STORE_PREFIX}{endpoint_name}/"):
        try:
            stored = read_stored(sweep.objects, sweep.bucket, endpoint_name, revision)
        except InvalidRequestError:
            yield revision, None
        else:
            if stored:
                yield revision, alarms_of(stored.request, sweep.stack)


def alarms_of(request: Document, stack: str) -> set[str]:
    """Return the names of the alarms that the deployer makes for a complete request."""
    scaled = scaled_variants(request, stack)
    return {*rollback_alarms(request, stack), *(alarm["AlarmName"] for each in scaled for alarm in each["Alarms"])}
