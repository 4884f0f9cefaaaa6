"""How an update under way is ended by hand: by an alarm of its own for each endpoint.

SageMaker refuses UpdateEndpoint and DeleteEndpoint while an endpoint is Updating ("Cannot update in-progress
endpoint"), and its API has no call that stops an update. It rolls back when an alarm of `AutoRollbackConfiguration`
goes off (Developer Guide, "Auto-Rollback Configuration and Monitoring"). So the deployer names one alarm more, on a
metric that nobody publishes: missing data leave its state as it is (`TreatMissingData: ignore`), and it has the state
that SetAlarmState gave it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.planning.names import Revision
from deployer.planning.rollback_alarms import rollback_alarms
from deployer.request.rules.rollback_alarms import MOST_ALARMS

if TYPE_CHECKING:
    from deployer.aws.monitoring import Monitoring
    from deployer.json_document import Document
    from deployer.planning.draft_state import Draft
    from deployer.planning.live import Live


def abort_prefix(stack: str) -> str:
    """Return the beginning of the names of a stack's alarms that end updates."""
    return f"{stack}/abort/"


def abort_alarm(stack: str, endpoint_name: str) -> str:
    """Return the name of the alarm that ends an update of an endpoint."""
    return f"{abort_prefix(stack)}{endpoint_name}"


def is_abortable(request: Document, policy: str, stack_role: str) -> bool:
    """Return whether an update by a complete request gets the alarm.

    The execution roles of the models have to be allowed to describe it (Developer Guide, as above). The stack's is.

    Args:
        request: The request.
        policy: The parameter AbortAlarms: `all` updates with guardrails, those of the `stack-role` only, or `none`.
        stack_role: The ARN of the role that the stack made; empty if it made none.
    """
    deployment = request.get("DeploymentConfig") or {}
    alarms = deployment.get("AutoRollbackConfiguration", {}).get("Alarms", [])
    count = len(alarms) + len(rollback_alarms(request, ""))
    if not deployment or count >= MOST_ALARMS or policy == "none":
        return False
    roles = {model.get("ExecutionRoleArn", "") for model in request["Models"].values()}
    return policy == "all" or (bool(stack_role) and roles == {stack_role})


def abort_update(draft: Draft, live: Live | None, monitoring: Monitoring) -> None:
    """End the update that a rollback waits for, if that was requested earlier; nothing happens if it has no alarm."""
    if live is None or live.status != "Updating" or not draft.source or draft.is_dry_run:
        return
    pending = Revision.parse(live.name, live.pending_config_name)
    if pending and pending.name != draft.source and pending.requested_at < draft.requested_at:
        monitoring.set_off(abort_alarm(draft.stack, live.name), f"Rollback {draft.request_id} was requested.")
