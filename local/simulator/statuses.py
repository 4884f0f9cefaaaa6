"""Forced endpoint statuses, for tests of each status.

Source: API Reference, EndpointStatus.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from local.simulator.rollout import Rollout
from local.simulator.stage import Stage
from local.simulator.variants import Variants

if TYPE_CHECKING:
    from local.simulator.endpoint import Endpoint
    from local.simulator.lifecycle import Lifecycle
    from local.simulator.provisioner import Provisioner
    from local.simulator.settings import Settings
    from local.simulator.store import Store

_NOT_SERVING = frozenset({"Creating", "Deleting", "Failed", "OutOfService"})
_MIXED = frozenset({"RollingBack", "UpdateRollbackFailed"})


class Statuses:
    """Puts endpoints into statuses.

    Args:
        store: The account.
        lifecycle: Goes on from there.
        provisioner: Starts the instances of an endpoint that has never served.
    """

    def __init__(self, store: Store, lifecycle: Lifecycle, provisioner: Provisioner) -> None:
        self._store = store
        self._provisioner = provisioner
        self._lifecycle = lifecycle

    def put(self, endpoint: Endpoint, status: str, failure_reason: str, seconds: float | None) -> None:
        """Put an endpoint into a status, and cancel what was due; see `Simulator.set_status`.

        Raises:
            BrokenModelError: The status serves, the endpoint has never done so, and its models cannot run.
        """
        lifecycle, now, interrupted = self._lifecycle, self._store.clock.now(), endpoint.rollout
        if status not in _NOT_SERVING and endpoint.traffic.live is None:
            endpoint.traffic.live = self._provisioner.start(endpoint.name, endpoint.variants)
        lifecycle.cancel(endpoint)
        if status not in _MIXED:
            endpoint.traffic.revert()
        live = endpoint.traffic.live
        changed = {"EndpointStatus": status, "FailureReason": failure_reason, "PendingDeploymentSummary": None}
        changed |= live.variants.summaries() if live else {}
        rollout = _passing(status, now, endpoint, self._store.settings)
        if rollout is None:
            lifecycle.write(endpoint.name, now, **changed)
            return
        if seconds is not None:
            rollout.stages = [replace(rollout.stage, seconds=seconds)]
        if status == "RollingBack" and interrupted and interrupted.goal in {"updated", "rolled back"}:
            rollout.target, rollout.started = interrupted.target, interrupted.started
        lifecycle.begin(endpoint, rollout, **changed)


def _passing(status: str, now: float, endpoint: Endpoint, settings: Settings) -> Rollout | None:
    """Return what is due to happen in a status; None if nothing is."""
    match status:
        case "Creating":
            target = Variants.of(endpoint.config)
            return Rollout("created", [Stage("Creating", settings.create_seconds)], now, target)
        case "Updating":
            return Rollout("in service", [Stage("", settings.update_seconds)], now)
        case "SystemUpdating":
            return Rollout("in service", [Stage("", settings.system_update_seconds)], now)
        case "RollingBack":
            return Rollout("rolled back", [Stage("Deleting", settings.rollback_seconds)], now)
        case "Deleting":
            return Rollout("deleted", [Stage("Deleting", settings.delete_seconds)], now)
        case _:
            return None
