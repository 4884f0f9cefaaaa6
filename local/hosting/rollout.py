"""How an endpoint gets from one config to another: what is due when, and what SageMaker refuses.

The source is the SageMaker Developer Guide, in its chapter on deployment guardrails.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from local.hosting.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.hosting.settings import Settings
    from local.hosting.store import Document


@dataclass
class Rollout:
    """What is due to happen to one endpoint.

    Attributes:
        config: The endpoint config that it leads to.
        steps: The moments, in seconds, and names of what is due.
        alarms: CloudWatch alarms that end it while traffic shifts.
        is_creation: Whether there is nothing to go back to.
        failure_reason: Why it failed, once it has.
        retained: The variants whose weights and counts stay.
        is_provisioned: Whether the new fleet is there, so that alarms count.
    """

    config: Document
    steps: list[tuple[float, str]]
    alarms: list[str] = field(default_factory=list)
    is_creation: bool = False
    failure_reason: str = ""
    retained: list[Document] | None = None
    is_provisioned: bool = False

    @classmethod
    def creation(cls, config: Document, now: float, settings: Settings) -> Rollout:
        """Plan the creation of an endpoint."""
        ready = now + settings.create_seconds
        return cls(config, [(ready, "provisioned"), (ready, "done")], is_creation=True)

    @classmethod
    def update(cls, config: Document, deployment: Document, now: float, settings: Settings) -> Rollout:
        """Plan an update: a new fleet, then traffic that shifts as the policy says."""
        ready = now + settings.update_seconds
        alarms = [alarm["AlarmName"] for alarm in deployment.get("AutoRollbackConfiguration", {}).get("Alarms", [])]
        done = ready + _shifting_seconds(deployment)
        return cls(config, [(ready, "provisioned"), (done, "done")], alarms)

    @classmethod
    def deletion(cls, now: float, settings: Settings) -> Rollout:
        """Plan the deletion of an endpoint."""
        return cls({}, [(now + settings.delete_seconds, "deleted")])

    def next_due(self, alarm_is_on: Callable[[str], bool], now: float) -> tuple[float, str] | None:
        """Return what is due next by now, as its moment and its name."""
        if self.is_provisioned and self.alarms and self.steps[0][0] > now and any(map(alarm_is_on, self.alarms)):
            return now, "alarmed"
        moment, event = self.steps[0]
        if moment > now:
            return None
        self.steps.pop(0)
        return moment, event

    def provisioned(self, moment: float) -> None:
        """The new fleet is there; traffic begins to shift at this moment."""
        self.is_provisioned = True
        self.steps = [(max(moment, due), event) for due, event in self.steps]

    def fail(self, reason: str, moment: float, settings: Settings) -> None:
        """Go back to what was before, or to Failed where nothing was."""
        self.failure_reason = reason
        self.alarms = []
        back = (moment, "failed") if self.is_creation else (moment + settings.rollback_seconds, "rolled back")
        self.steps = [back]


def check_update(attached: Document, config: Document, deployment: Document) -> None:
    """Raise the ValidationException that SageMaker answers to an update that it does not do."""
    names, attached_names = (
        {variant["VariantName"] for variant in each["ProductionVariants"]} for each in (config, attached)
    )
    is_serverless, was_serverless = (
        any("ServerlessConfig" in variant for variant in each["ProductionVariants"]) for each in (config, attached)
    )
    if is_serverless and not was_serverless:
        raise invalid("Cannot update an instance based endpoint to a serverless endpoint.")
    if not deployment:
        return
    if names != attached_names:
        raise invalid(
            "Deployment guardrails require the new and the current endpoint configuration "
            "to have the same variant names."
        )
    if "BlueGreenUpdatePolicy" in deployment and "RollingUpdatePolicy" in deployment:
        raise invalid("Only one update policy can be specified in DeploymentConfig.")
    if "RollingUpdatePolicy" in deployment and (is_serverless or len(names) > 1):
        raise invalid("RollingUpdatePolicy is not supported with the given EndpointConfig setup.")


def _shifting_seconds(deployment: Document) -> float:
    """Return how long traffic takes to shift from the old fleet to the new one."""
    if rolling := deployment.get("RollingUpdatePolicy"):
        return float(rolling["WaitIntervalInSeconds"]) * _batches(rolling["MaximumBatchSize"])
    routing = deployment.get("BlueGreenUpdatePolicy", {}).get("TrafficRoutingConfiguration", {})
    wait = float(routing.get("WaitIntervalInSeconds", 0))
    match routing.get("Type"):
        case "CANARY":
            return 2 * wait
        case "LINEAR":
            return wait * _batches(routing["LinearStepSize"])
        case _:
            return wait


def _batches(size: Document) -> int:
    return -(-100 // size["Value"]) if size["Type"] == "CAPACITY_PERCENT" else 1
