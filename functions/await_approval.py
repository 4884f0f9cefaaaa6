"""AwaitApproval: announce that a deployment waits for a person, who ends the wait with the task's token.

The token is kept in the execution's history only. The wait also ends after a while by itself, so that the execution
looks whether there is still something to approve.
"""

from __future__ import annotations

from deployer.aws.event_bus import APPROVAL_REQUESTED
from deployer.json_document import Document
from deployer.planning.plan import plan_of
from deployer.runtime import event_bus, logger, step

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
        "Answer": _HOW_TO_ANSWER.format(execution=plan.execution),
    }
    event_bus().put(APPROVAL_REQUESTED, detail, [plan.execution])
    logger.info("Approval requested", extra={"revision": plan.revision, "expires_at": detail["ExpiresAt"]})
    return {"Announced": True}
