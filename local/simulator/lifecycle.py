"""Endpoint life-cycle: due transitions are applied in order on every call.

Sources: API Reference, DescribeEndpoint (EndpointStatus, PendingDeploymentSummary); Developer Guide, "Deployment
guardrails" (alarms end an update while traffic shifts and bakes). That a failed update ends InService on the old
config, sometimes without its FailureReason, is from reports of users.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from local.simulator.rollout import Rollout, rollback_stages

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulator.endpoint import Endpoint
    from local.simulator.endpoint_events import Events
    from local.simulator.faults import Faults
    from local.simulator.provisioner import Provisioner
    from local.simulator.store import Store

_OUT_OF_TIME = "The deployment took longer than MaximumExecutionTimeoutInSeconds."
_PENDING = "PendingDeploymentSummary"


class Lifecycle:
    """Applies the transitions of endpoints.

    Each transition gets the time at which it was due, even if the next call comes later. An alarm that is on at a call
    ends every stage that was watched since the call before.

    Args:
        store: The account.
        provisioner: Starts and ends instances.
        faults: What goes wrong with them.
        alarm_is_on: Callback: returns whether a CloudWatch alarm is in alarm.
        events: Sends changes to EventBridge.

    Attributes:
        endpoints: Those that exist, by name.
    """

    def __init__(
        self,
        store: Store,
        provisioner: Provisioner,
        faults: Faults,
        alarm_is_on: Callable[[str], bool],
        events: Events,
    ) -> None:
        self._store = store
        self._events = events
        self._provisioner = provisioner
        self._faults = faults
        self._alarm_is_on = alarm_is_on
        self.endpoints: dict[str, Endpoint] = {}
        # When something is due, its ticket, and to whom. What was replaced stays in the queue, and is skipped.
        self._queue: list[tuple[float, int, str]] = []
        self._watched: dict[str, list[str]] = {}
        self._tickets = 0

    @property
    def next_due(self) -> float:
        """When something may happen next; infinite if nothing is due."""
        return self._queue[0][0] if self._queue else math.inf

    def begin(self, endpoint: Endpoint, rollout: Rollout, **changed: Any) -> None:
        """Begin a rollout, cancel the one that was due, and change the endpoint's record."""
        endpoint.rollout = rollout
        self._enter(endpoint, rollout, **changed)

    def cancel(self, endpoint: Endpoint) -> None:
        """Cancel what is due."""
        endpoint.rollout = None
        self._watched.pop(endpoint.name, None)

    def catch_up(self) -> None:
        """Apply the transitions that are due by now."""
        now = self._store.clock.now()
        seen: dict[str, bool] = {}
        while True:
            while self._queue and self._queue[0][0] <= now:
                moment, ticket, name = heapq.heappop(self._queue)
                endpoint = self.endpoints.get(name)
                if endpoint and endpoint.rollout and endpoint.rollout.ticket == ticket:
                    self._apply(endpoint, endpoint.rollout, moment, seen)
            alarmed = [name for name in self._watched if self._is_alarmed(name, seen)]
            if not alarmed:
                return
            for name in alarmed:
                self._roll_back(self.endpoints[name], "", now)

    def write(self, name: str, moment: float, **changed: Any) -> None:
        """Change the record of an endpoint; what is changed to None or nothing is left out.

        Source: API Reference, DescribeEndpoint (LastModifiedTime).
        """
        before = self._store.endpoints.current(name)
        record = {**(before or {}), **changed}
        record["LastModifiedTime"] = self._store.moment(moment)
        kept = {member: value for member, value in record.items() if value}
        self._store.endpoints.write(name, kept, moment)
        self._events.send(before, kept, self.endpoints[name].config, moment)

    def remove(self, name: str, moment: float) -> None:
        """Remove an endpoint that has been deleted. Source: API Reference, DeleteEndpoint."""
        endpoint = self.endpoints.pop(name)
        self.cancel(endpoint)
        endpoint.traffic.end()
        self._store.endpoints.write(name, None, moment)
        self._store.write_tags(self._store.arn("endpoint", name), None, moment)

    def _is_alarmed(self, name: str, seen: dict[str, bool]) -> bool:
        """Return whether an alarm is on; each is looked at once. Source: API Reference, AutoRollbackConfig."""
        for alarm in self._watched.get(name, []):
            if alarm not in seen:
                seen[alarm] = self._alarm_is_on(alarm)
            if seen[alarm]:
                return True
        return False

    def _apply(self, endpoint: Endpoint, rollout: Rollout, moment: float, seen: dict[str, bool]) -> None:
        """Apply the transition that a rollout has due at this moment."""
        if self._is_alarmed(endpoint.name, seen):
            self._roll_back(endpoint, "", moment)
            return
        if rollout.is_out_of_time:
            self._roll_back(endpoint, _OUT_OF_TIME, moment)
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
        """Fail a rollout: an update is rolled back, and an endpoint that has never served stays as it is.

        Source: API Reference, DescribeEndpoint (Failed); Developer Guide, "Auto-Rollback Configuration and Monitoring".
        """
        if rollout.goal == "updated":
            self._roll_back(endpoint, reason, moment)
        else:
            self.cancel(endpoint)
            self.write(endpoint.name, moment, EndpointStatus="Failed", FailureReason=reason, **{_PENDING: None})

    def _failure(self, endpoint: Endpoint, rollout: Rollout) -> str | None:
        """Return why the stage that ends now fails; None if it does not, and its fleet is there.

        Source: Developer Guide, "Blue/Green Deployments" (instances come up, then traffic bakes).
        """
        stage, target = rollout.stage, rollout.target
        if target is None or rollout.goal not in {"created", "updated"} or stage.name not in {"Creating", "Baking"}:
            return None
        failure = self._faults.of_fleet(target.config["EndpointConfigName"], stage.name, stage.step)
        if failure:
            return failure.reason
        if stage.name == "Baking":
            return None
        return self._provisioner.start_new(endpoint, target, rollout.stages[1].new if len(rollout.stages) > 1 else 1.0)

    def _roll_back(self, endpoint: Endpoint, reason: str, moment: float) -> None:
        """Begin to roll back the update that is under way.

        Source: API Reference, AutoRollbackConfig. Assumed: the status (trial: "statuses of an update that fails").
        """
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
        """Enter the stage that is under way from now on.

        Source: API Reference, DescribeEndpoint (PendingDeploymentSummary, VariantStatus).
        """
        live = endpoint.traffic.live
        if rollout.goal in {"updated", "rolled back"}:
            endpoint.traffic.share = rollout.stage.share
            failure = self._provisioner.keep(endpoint, rollout.stage.old)
            if rollout.rollback_failure is None:
                rollout.rollback_failure = failure
        progress = rollout.progress(live.variants if live else None, self._store.moment_of)
        self.write(endpoint.name, rollout.began, **{**changed, **progress})
        self._tickets += 1
        rollout.ticket = self._tickets
        heapq.heappush(self._queue, (rollout.due, rollout.ticket, endpoint.name))
        self._watched.pop(endpoint.name, None)
        if rollout.alarms:
            self._watched[endpoint.name] = rollout.alarms

    def _finish(self, endpoint: Endpoint, rollout: Rollout, moment: float) -> None:
        """Finish a rollout.

        Source: API Reference, DescribeEndpoint (InService, UpdateRollbackFailed), UpdateEndpoint. Assumed: the weights
        and counts of the live fleet outlast a rollback (trial: "weights after an update that is rolled back").
        """
        if rollout.goal == "deleted":
            self.remove(endpoint.name, moment)
            return
        target, status, reason = rollout.target, "InService", rollout.failure_reason
        self.cancel(endpoint)
        if target and rollout.goal in {"created", "updated"}:
            endpoint.traffic.switch()
            endpoint.config = target.config
        elif target and rollout.goal == "scaled":
            is_more = endpoint.variants.is_exceeded_by(target)
            failure = self._faults.of_fleet(endpoint.config["EndpointConfigName"], "Creating") if is_more else None
            reason = self._provisioner.scale(endpoint, target, failure.reason if failure else "") or ""
        elif rollout.goal == "in service" and self._status(endpoint) == "SystemUpdating":
            self._provisioner.replace(endpoint)
        elif rollout.goal == "rolled back":
            problem = rollout.rollback_failure
            if problem is None:
                problem = self._provisioner.keep(endpoint, 1.0)
            if problem is None:
                endpoint.traffic.revert()
            else:
                status, reason = "UpdateRollbackFailed", problem
        self.write(
            endpoint.name,
            moment,
            EndpointStatus=status,
            EndpointConfigName=endpoint.config["EndpointConfigName"],
            FailureReason=reason,
            **{_PENDING: None},
            **endpoint.variants.summaries(),
        )

    def _status(self, endpoint: Endpoint) -> str:
        return str((self._store.endpoints.current(endpoint.name) or {}).get("EndpointStatus", ""))
