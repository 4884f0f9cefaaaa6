"""ConfirmRevision: note on the live endpoint config that a later request asked for what it holds.

Without the note, a request between the two that comes late would look like the newest one. One that is just being
served cannot see the note any more; so the state machine waits for as long as anything may be invisible, and plans
again.
"""

from __future__ import annotations

from deployer.json_document import Document
from deployer.planning.plan import plan_of
from deployer.runtime import sagemaker, step


@step(sagemaker)
def handler(event: Document) -> Document:
    """Tag the live endpoint config with the plan's revision."""
    plan = plan_of(event)
    sagemaker(plan).confirm(plan.previous_arn, plan.wanted.name)
    return {"Confirmed": plan.revision}
