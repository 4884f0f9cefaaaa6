"""ConfirmRevision: record on the live endpoint config that a later request asked for the same content.

Without the record, a delayed request from between the two would count as the newest one. A run that is planning just
now may not see the record; so the state machine waits out the visibility lag, and plans again.
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
