"""CreateModels: create every model of the plan, or find it there with equal content."""

from __future__ import annotations

from datetime import datetime

from deployer.planning.plan import check_deadline
from deployer.runtime import Document, hosting, plan_of, step


@step
def handler(event: Document) -> Document:
    """Return whether any is another run's, so that the claim to it has to be seen before this run relies on it.

    Raises:
        DeploymentTimedOutError: They have been disappearing until the deadline.
    """
    data, now = event["Data"], datetime.fromisoformat(event["Now"])
    plan = plan_of(data)
    check_deadline(plan.deadline, now, f"The models of {plan.endpoint_name} are missing")
    sagemaker = hosting(plan)
    has_waited = data.get("Models", {}).get("Claimed", False)
    claimed = [sagemaker.create_model(model, plan.safe_revisions, has_waited=has_waited) for model in plan.models]
    return {"Claimed": any(claimed)}
