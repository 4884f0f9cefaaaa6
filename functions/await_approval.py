"""AwaitApproval: announce that a deployment waits for a person, who ends the wait with the task's token.

The token is kept in the execution's history only. The wait also ends after a while by itself, so that the execution
looks whether there is still something to approve.
"""

from __future__ import annotations

from deployer.aws.event_bus import APPROVAL_REQUESTED
from deployer.json_document import Document
from deployer.planning.plan import Plan, plan_of
from deployer.runtime import event_bus, logger, step

_MOST_PATHS = 10
"""Changed fields that a summary names."""

_HOW_TO_ANSWER = "endpoint-deployer approve|reject {execution} --comment WHY; see docs/operations.md, Approval"


@step(event_bus)
def handler(event: Document) -> Document:
    """Put the event that requests an approval, unless it has been put; the answer is the result of the state."""
    plan = plan_of(event)
    if plan.approval is None or not plan.is_to_announce:
        return {"Announced": False}
    detail = {
        "EndpointName": plan.endpoint_name,
        "Revision": plan.revision,
        "RequestId": plan.request_id,
        "RequestedAt": plan.requested_at.isoformat(),
        "Execution": plan.execution,
        "ExpiresAt": plan.approval.expires_at.isoformat(),
        "Previous": plan.previous or None,
        "Preview": plan.preview,
        "Summary": _summary(plan),
        "Answer": _HOW_TO_ANSWER.format(execution=plan.execution),
    }
    event_bus().put(APPROVAL_REQUESTED, detail, [plan.execution])
    logger.info("Approval requested", extra={"revision": plan.revision, "expires_at": detail["ExpiresAt"]})
    return {"Announced": True}


def _summary(plan: Plan) -> str:
    """Say in a few sentences what waits, what it changes, and how to answer; fields by their names, without values."""
    paths = [str(change["Path"]) for change in plan.preview.get("Changes", [])]
    changed = ", ".join(paths[:_MOST_PATHS]) + (f" and {len(paths) - _MOST_PATHS} more" if paths[_MOST_PATHS:] else "")
    expires_at = plan.approval.expires_at.isoformat(timespec="minutes") if plan.approval else ""
    return (
        f"Endpoint {plan.endpoint_name}: the deployment of {plan.revision} waits for approval until {expires_at}. "
        f"It changes {changed or 'an endpoint that does not exist yet'}. "
        f"Answer: {_HOW_TO_ANSWER.format(execution=plan.execution)}."
    )
