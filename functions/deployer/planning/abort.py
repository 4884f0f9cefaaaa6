"""How an update under way is ended by hand: by an alarm of its own for each endpoint.

SageMaker refuses UpdateEndpoint and DeleteEndpoint while an endpoint is Updating ("Cannot update in-progress
endpoint"), and its API has no call that stops an update. It rolls back when an alarm of `AutoRollbackConfiguration`
goes off (Developer Guide, "Auto-Rollback Configuration and Monitoring"). So the deployer names one alarm more, on a
metric that nobody publishes: missing data leave its state as it is (`TreatMissingData: ignore`), and it has the state
that SetAlarmState gave it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deployer.json_document import Document

_MOST_ALARMS = 10
"""Alarms that SageMaker takes (API Reference, AutoRollbackConfig)."""


def abort_alarm(stack: str, endpoint_name: str) -> str:
    """Return the name of the alarm that ends an update of an endpoint."""
    return f"{stack}-abort-{endpoint_name}"


def is_abortable(request: Document, policy: str, stack_role: str) -> bool:
    """Tell whether an update by a complete request gets the alarm.

    The execution roles of the models have to be allowed to describe it (Developer Guide, as above). The stack's is.

    Args:
        request: The request.
        policy: The parameter AbortAlarms: `all` updates with guardrails, those of the `stack-role` only, or `none`.
        stack_role: The ARN of the role that the stack made; empty if it made none.
    """
    deployment = request.get("DeploymentConfig") or {}
    alarms = deployment.get("AutoRollbackConfiguration", {}).get("Alarms", [])
    if not deployment or len(alarms) >= _MOST_ALARMS or policy == "none":
        return False
    roles = {model.get("ExecutionRoleArn", "") for model in request["Models"].values()}
    return policy == "all" or (bool(stack_role) and roles == {stack_role})


def with_alarm(deployment: Document, alarm: str) -> Document:
    """Add an alarm to a DeploymentConfig."""
    rollback = deployment.get("AutoRollbackConfiguration", {})
    alarms = [*rollback.get("Alarms", []), {"AlarmName": alarm}]
    return {**deployment, "AutoRollbackConfiguration": {**rollback, "Alarms": alarms}}
