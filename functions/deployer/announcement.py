"""How an outcome is announced: an event on the bus, a line of the log, and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from deployer.aws.event_bus import DEPLOYMENT_ENDED
from deployer.runtime import event_bus, logger, measure

if TYPE_CHECKING:
    from collections.abc import Mapping


def announce(detail: Mapping[str, Any], log: Mapping[str, Any] | None = None) -> None:
    """Announce the outcome of an execution.

    Args:
        detail: What `deployer.outcome.conclude` returned.
        log: The last lines of the container's log, for the event only.

    Raises:
        AnnouncementUnavailableError: The bus takes no event.
    """
    logger.append_keys(endpoint=detail.get("EndpointName"))
    event_bus().put(DEPLOYMENT_ENDED, {**detail, **(log or {})}, [detail["Execution"]])
    logger.info("Deployment ended", extra={member: value for member, value in detail.items() if member != "Execution"})
    measure("Deployments", 1, MetricUnit.Count, Outcome=detail["Outcome"])
    measure("DeploymentDuration", detail["DurationSeconds"], MetricUnit.Seconds, Outcome=detail["Outcome"])
