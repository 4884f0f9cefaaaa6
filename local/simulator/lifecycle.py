"""The lives of endpoints: what is due happens in its order, whenever somebody looks."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from local.simulator.fleet import Traffic
from local.simulator.model_server import BrokenModelError
from local.simulator.rollout import Rollout, rollback_stages
from local.simulator.variants import Variants

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulator.faults import Faults
    from local.simulator.fleet import Provisioner
    from local.simulator.store import Store
    from local.simulator.variants import Document

_OUT_OF_TIME = "The deployment took longer than MaximumExecutionTimeoutInSeconds."
_PENDING = "PendingDeploymentSummary"


@dataclass
class Endpoint:
    """An endpoint beyond its record.

    Attributes:
        name: Its name.
        config: The endpoint config that is attached; it may have been deleted.
        traffic: Who answers its invocations.
        rollout: What is due to happen to it.
    """

    name: str
    config: Document
    traffic: Traffic = field(default_factory=Traffic)
    rollout: Rollout | None = None

    @property
    def variants(self) -> Variants:
        """The variants that it runs, or would run."""
        return self.traffic.live.variants if self.traffic.live else Variants.of(self.config)


class Lifecycle:
    """Brings endpoints from stage to stage.

    Time passes unseen between two looks. What was due then is done at the moment at which it was due; an alarm that is
    on at a look ends every stage that was watched since the look before.

    Args:
        store: The account.
        provisioner: Starts fleets.
        faults: What goes wrong with them.
        alarm_is_on: Tells whether a CloudWatch alarm is in alarm.

    Attributes:
        endpoints: Those that exist, by name.
    """

    def __init__(
        self, store: Store, provisioner: Provisioner, faults: Faults, alarm_is_on: Callable[[str], bool]
    ) -> None:
        self._store = store
        self._provisioner = provisioner
        self._faults = faults
        self._alarm_is_on = alarm_is_on
        self.endpoints: dict[str, Endpoint] = {}
        # When something is due, its ticket, and to whom. What was replaced stays in the queue, and is skipped.
        self._queue: list[tuple[float, int, str]] = []
        self._watched: dict[str, list[str]] = {}
        self._tickets = 0

    def begin(self, endpoint: Endpoint, rollout: Rollout, **changed: Any) -> None:
        """Begin a rollout in place of whatever was due, and change the endpoint's record."""
        endpoint.rollout = rollout
        self._enter(endpoint, rollout, **changed)

    def cancel(self, endpoint: Endpoint) -> None:
        """Cancel what is due."""
        endpoint.rollout = None
        self._watched.pop(endpoint.name, None)

    def catch_up(self) -> None:
        """Let happen what is due by now."""
        now = self._store.clock.now()
        seen: dict[str, bool] = {}
        while True:
            while self._queue and self._queue[0][0] <= now:
                moment, ticket, name = heapq.heappop(self._queue)
                endpoint = self.endpoints.get(name)
                if endpoint and endpoint.rollout and endpoint.rollout.ticket == ticket:
                    self._happen(endpoint, endpoint.rollout, moment, seen)
            alarmed = [name for name in self._watched if self._is_alarmed(name, seen)]
            if not alarmed:
                return
            for name in alarmed:
                self._go_back(self.endpoints[name], "", now)

    def provision(self, endpoint: Endpoint) -> None:
        """Start the fleet of an endpoint that has none, at once.

        Raises:
            BrokenModelError: It cannot run.
        """
        if endpoint.traffic.live is None:
            endpoint.traffic.live = self._provisioner.start(endpoint.variants)

    def write(self, name: str, moment: float, **changed: Any) -> None:
        """Change the record of an endpoint; what is changed to None or nothing is left out."""
        record = {**(self._store.endpoints.current(name) or {}), **changed}
        record["LastModifiedTime"] = datetime.fromtimestamp(moment, UTC)
        kept = {member: value for member, value in record.items() if value}
        self._store.endpoints.write(name, kept, moment)

    def forget(self, name: str, moment: float) -> None:
        """Let an endpoint be gone."""
        endpoint = self.endpoints.pop(name)
        self.cancel(endpoint)
        endpoint.traffic.end()
        self._store.endpoints.write(name, None, moment)
        self._store.tags.write(self._store.arn("endpoint", name), None, moment)

    def _is_alarmed(self, name: str, seen: dict[str, bool]) -> bool:
        """Tell whether an alarm of an endpoint is on; each alarm is looked at once."""
        for alarm in self._watched.get(name, []):
            if alarm not in seen:
                seen[alarm] = self._alarm_is_on(alarm)
            if seen[alarm]:
                return True
        return False

    def _happen(self, endpoint: Endpoint, rollout: Rollout, moment: float, seen: dict[str, bool]) -> None:
        """Let happen what a rollout has due at this moment."""
        if self._is_alarmed(endpoint.name, seen):
            self._go_back(endpoint, "", moment)
            return
        if rollout.is_out_of_time:
            self._go_back(endpoint, _OUT_OF_TIME, moment)
            return
        # Real servers take real time to start. The next stage begins when they are up, and so is not cut short.
        now = self._store.clock.now()
        reason = self._failure(endpoint, rollout)
        moment += self._store.clock.now() - now
        if reason is not None:
            self._fail(endpoint, rollout, reason, moment)
        elif len(rollout.stages) > 1:
            rollout.stages.pop(0)
            rollout.began = moment
            self._enter(endpoint, rollout)
        else:
            self._finish(endpoint, rollout, moment)

    def _fail(self, endpoint: Endpoint, rollout: Rollout, reason: str, moment: float) -> None:
        """Let a rollout fail: an update goes back, and an endpoint that has never served stays as it is."""
        if rollout.goal == "updated":
            self._go_back(endpoint, reason, moment)
        else:
            self.cancel(endpoint)
            self.write(endpoint.name, moment, EndpointStatus="Failed", FailureReason=reason, **{_PENDING: None})

    def _failure(self, endpoint: Endpoint, rollout: Rollout) -> str | None:
        """Return why the stage that ends now fails; None if it does not, and its fleet is there."""
        stage, target = rollout.stage, rollout.target
        if target is None or rollout.goal not in {"created", "updated"} or stage.name not in {"Creating", "Baking"}:
            return None
        failure = self._faults.of_fleet(target.config["EndpointConfigName"], stage.name, stage.step)
        if failure:
            return failure.reason
        if endpoint.traffic.new is None:
            try:
                endpoint.traffic.new = self._provisioner.start(target)
            except BrokenModelError as error:
                return str(error)
        return None

    def _go_back(self, endpoint: Endpoint, reason: str, moment: float) -> None:
        """Begin to roll back the update that is under way."""
        failed, settings = endpoint.rollout, self._store.settings
        if failed is None or failed.target is None:
            raise ValueError(f"Endpoint {endpoint.name} is not being updated.")
        stages = rollback_stages(failed, max(failed.target.counts.values(), default=1), settings)
        failure = self._faults.of_fleet(failed.target.config["EndpointConfigName"], "RollingBack")
        if failure:
            # The traffic stays as mixed as it is.
            stages = [replace(failed.stage, name="Deleting", seconds=settings.rollback_seconds)]
        rollout = Rollout("rolled back", stages, moment, failed.target, failed.deployment, failed.started)
        rollout.failure_reason = "" if settings.empties_failure_reason else reason
        rollout.rollback_failure = failure.reason if failure else None
        self.begin(endpoint, rollout, EndpointStatus="RollingBack")

    def _enter(self, endpoint: Endpoint, rollout: Rollout, **changed: Any) -> None:
        """Enter the stage that is under way from now on."""
        if rollout.goal in {"updated", "rolled back"}:
            endpoint.traffic.share = rollout.stage.share
        live = endpoint.traffic.live
        self.write(endpoint.name, rollout.began, **{**changed, **rollout.told(live.variants if live else None)})
        self._tickets += 1
        rollout.ticket = self._tickets
        heapq.heappush(self._queue, (rollout.due, rollout.ticket, endpoint.name))
        self._watched.pop(endpoint.name, None)
        if rollout.alarms:
            self._watched[endpoint.name] = rollout.alarms

    def _finish(self, endpoint: Endpoint, rollout: Rollout, moment: float) -> None:
        """Let a rollout be done."""
        if rollout.goal == "deleted":
            self.forget(endpoint.name, moment)
            return
        traffic, target, status, reason = endpoint.traffic, rollout.target, "InService", rollout.failure_reason
        self.cancel(endpoint)
        if target and rollout.goal in {"created", "updated"}:
            traffic.switch()
            endpoint.config = target.config
        elif target and rollout.goal == "scaled" and traffic.live:
            traffic.live.variants = target
        elif rollout.rollback_failure is not None:
            status, reason = "UpdateRollbackFailed", rollout.rollback_failure
        elif rollout.goal == "rolled back":
            traffic.go_back()
        self.write(
            endpoint.name,
            moment,
            EndpointStatus=status,
            EndpointConfigName=endpoint.config["EndpointConfigName"],
            FailureReason=reason,
            **{_PENDING: None},
            **endpoint.variants.summaries(),
        )
