"""Rollouts and rollbacks as stages, each with its duration, its instances and its share of the traffic.

The source is the SageMaker Developer Guide, in its chapter on deployment guardrails, and the API's own words in
botocore's service model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from local.json_document import Document
from local.simulator.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from local.simulator.settings import Settings
    from local.simulator.variants import Variants

_WHOLE_PERCENT = 100


@dataclass
class Rollout:
    """The rollout of an endpoint: its remaining stages.

    Attributes:
        goal: How it ends: `created`, `updated`, `rolled back`, `scaled`, `deleted`, or `in service`, where nothing
            changes but the status.
        stages: The remaining stages; the first one is under way.
        began: When the stage that is under way began, in seconds.
        target: What the endpoint is to run at the end, or what it is being rolled back from.
        deployment: The DeploymentConfig that it follows.
        started: When the whole began.
        failure_reason: Why it is rolled back.
        rollback_failure: Why going back is going to fail; None if it is not.
        ticket: Number of the scheduled transition; a transition with an older number is out of date.
    """

    goal: Literal["created", "updated", "rolled back", "scaled", "deleted", "in service"]
    stages: list[Stage]
    began: float
    target: Variants | None = None
    deployment: Document = field(default_factory=dict)
    started: float = 0.0
    failure_reason: str = ""
    rollback_failure: str | None = None
    ticket: int = 0

    def __post_init__(self) -> None:
        self.started = self.started or self.began

    @property
    def stage(self) -> Stage:
        """The stage that is under way."""
        return self.stages[0]

    @property
    def alarms(self) -> list[str]:
        """The alarms that end it now; none while they are not looked at.

        Source: Developer Guide, "Auto-Rollback Configuration and Monitoring". Assumed: one that does not
        exist is never on (trial: "an alarm that does not exist").
        """
        if self.goal != "updated" or not self.stage.is_watched:
            return []
        return [alarm["AlarmName"] for alarm in self.deployment.get("AutoRollbackConfiguration", {}).get("Alarms", [])]

    @property
    def due(self) -> float:
        """When the stage ends, or else the time that the whole may take: when the last one begins, all is done."""
        end = self.began + self.stage.seconds
        return end if len(self.stages) == 1 else min(end, self._deadline)

    @property
    def is_out_of_time(self) -> bool:
        """Whether what is due is the end of the time that it may take.

        Source: API Reference, BlueGreenUpdatePolicy (MaximumExecutionTimeoutInSeconds).
        """
        return self.due < self.began + self.stage.seconds

    def progress(self, live: Variants | None, moment_of: Callable[[float], datetime]) -> Document:
        """Return how far it is, in members of DescribeEndpoint.

        Source: API Reference, PendingDeploymentSummary, ProductionVariantStatus.

        Args:
            live: What the endpoint runs; None if it has never run.
            moment_of: Makes a time of the clock one that answers have.
        """
        stage = self.stage
        status = {"Status": stage.name, "StartTime": moment_of(self.began)}
        if self.goal == "deleted":
            return live.summaries(status=[status]) if live else {}
        if self.target is None:
            return {}
        if self.goal == "scaled" and live:
            return live.summaries(self.target, status=[status])
        # What is deleted are instances of the old fleet, or of the new one on the way back.
        is_old = stage.name == "Deleting" and self.goal != "rolled back"
        new_status = [status] if stage.name and not is_old else None
        began = moment_of(self.started)
        pending = {"PendingDeploymentSummary": self.target.pending(stage, began, new_status)}
        if live is None:
            return pending
        if self.goal == "rolled back" and stage.old < 1:
            return pending | live.summaries(part=stage.old, status=[{**status, "Status": "Updating"}])
        return pending | live.summaries(part=stage.old, status=[status] if is_old else None)

    @property
    def _deadline(self) -> float:
        policies = (self.deployment.get(name, {}) for name in ("BlueGreenUpdatePolicy", "RollingUpdatePolicy"))
        limits = [policy.get("MaximumExecutionTimeoutInSeconds", math.inf) for policy in policies]
        return self.started + min(limits) if self.goal == "updated" else math.inf


def update_stages(deployment: Document, count: int, settings: Settings) -> list[Stage]:
    """Plan an update.

    Source: Developer Guide, "Blue/Green Deployments"; API Reference, BlueGreenUpdatePolicy.

    Args:
        deployment: The DeploymentConfig.
        count: The instances of the new fleet's largest variant; sizes in instances are parts of it.
        settings: How long things take.
    """
    if rolling := deployment.get("RollingUpdatePolicy"):
        return _rolling_stages(rolling, count, settings)
    policy = deployment.get("BlueGreenUpdatePolicy", {})
    routing = policy.get("TrafficRoutingConfiguration", {})
    stages = [Stage("Creating", settings.update_seconds)]
    before = 0.0
    for step, share in enumerate(_shares(routing, count), start=1):
        stages += [
            Stage("ActivatingTraffic", settings.stage_seconds, before, 1.0, step=step),
            Stage("Baking", routing.get("WaitIntervalInSeconds", 0), share, 1.0, step=step),
        ]
        before = share
    if wait := policy.get("TerminationWaitInSeconds"):
        stages.append(Stage("", wait, 1.0, 1.0))
    return [*stages, Stage("Deleting", settings.stage_seconds, 1.0, 1.0)]


def _shares(routing: Document, count: int) -> list[float]:
    """Return the parts of the traffic that the new fleet gets, step by step."""
    match routing.get("Type"):
        case "CANARY":
            return [_part(routing["CanarySize"], count), 1.0]
        case "LINEAR":
            return _steps(_part(routing["LinearStepSize"], count))
        case _:
            return [1.0]


def _rolling_stages(policy: Document, count: int, settings: Settings) -> list[Stage]:
    """Plan an update by batches: each comes up, gets traffic and bakes before the next; whole instances at a time.

    Source: API Reference, RollingUpdatePolicy (capacity, traffic, baking, end of the old).
    """
    count = max(1, count)
    batch = math.ceil(_part(policy["MaximumBatchSize"], count) * count)
    stages: list[Stage] = []
    before = 0.0
    for step, part in enumerate(_steps(batch / count), start=1):
        old = 1.0 - before
        stages += [
            Stage("Creating", settings.update_seconds, before, before, old, step),
            Stage("ActivatingTraffic", settings.stage_seconds, before, part, old, step),
            Stage("Baking", policy["WaitIntervalInSeconds"], part, part, old, step),
            Stage("Deleting", settings.stage_seconds, part, part, old, step),
        ]
        before = part
    return stages


def rollback_stages(rollout: Rollout, count: int, settings: Settings) -> list[Stage]:
    """Plan the way back of an update: the old fleet gets the traffic at once, unless it has to come up again first.

    Source: API Reference, RollingUpdatePolicy (RollbackMaximumBatchSize).
    """
    stage, seconds = rollout.stage, settings.rollback_seconds
    rolling = rollout.deployment.get("RollingUpdatePolicy")
    if not rolling or not stage.share:
        return [Stage("Deleting", seconds, 0.0, stage.new, stage.old)]
    size = rolling.get("RollbackMaximumBatchSize", {"Type": "CAPACITY_PERCENT", "Value": _WHOLE_PERCENT})
    batches = math.ceil(stage.share / min(1.0, _part(size, count)))
    return [
        Stage("Deleting", seconds, share, share, max(stage.old, 1.0 - share), step)
        for step, share in enumerate((stage.share * (batches - done) / batches for done in range(batches)), start=1)
    ]


def waiting_seconds(deployment: Document, count: int) -> float:
    """Return how long an update waits at the least: between the steps of its traffic, and before the old fleet ends.

    Source: API Reference, BlueGreenUpdatePolicy (MaximumExecutionTimeoutInSeconds).

    Args:
        deployment: The DeploymentConfig, whose sizes need not be right.
        count: The instances of the new fleet's largest variant.
    """
    if rolling := deployment.get("RollingUpdatePolicy"):
        batches = max(1, math.ceil(1.0 / max(0.01, _part(rolling["MaximumBatchSize"], max(1, count))) - 1e-9))
        return float(batches * rolling["WaitIntervalInSeconds"])
    policy = deployment.get("BlueGreenUpdatePolicy", {})
    routing = policy.get("TrafficRoutingConfiguration", {})
    steps = 1
    if routing.get("Type") == "LINEAR" and "LinearStepSize" in routing:
        steps = math.ceil(1.0 / max(0.01, _part(routing["LinearStepSize"], count)) - 1e-9) - 1
    waits = 0 if routing.get("Type") == "ALL_AT_ONCE" else steps * routing.get("WaitIntervalInSeconds", 0)
    return float(waits + policy.get("TerminationWaitInSeconds", 0))


def _part(size: Document, count: int) -> float:
    """Return a CapacitySize as a part of the whole."""
    whole = _WHOLE_PERCENT if size["Type"] == "CAPACITY_PERCENT" else count
    # A variant that is scaled to no instances is taken over at once.
    return min(1.0, float(size["Value"]) / whole) if whole else 1.0


def _steps(part: float) -> list[float]:
    """Return what has been done after each step of this size."""
    # 10 steps of 10 % are 10: the rounding error of floating point is not a step of its own.
    count = math.ceil(1.0 / part - 1e-9)
    return [min(1.0, part * done) for done in range(1, count)] + [1.0]
