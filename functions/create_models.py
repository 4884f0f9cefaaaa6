"""CreateModels: create every model of the plan, or find it there with equal content."""

from __future__ import annotations

from datetime import datetime

from deployer.planning import check_deadline
from deployer.runtime import Document, hosting, plan_of, step


@step
def handler(event: Document) -> Document:
    """Create the plan's models; raise DeploymentTimedOutError if they keep disappearing until the deadline."""
    plan = plan_of(event)
    check_deadline(
        plan.deadline, datetime.fromisoformat(event["Now"]), f"The models of {plan.endpoint_name} are missing"
    )
    sagemaker = hosting(plan)
    for model in plan.models:
        sagemaker.create_model(model)
    return {"ModelNames": [model["ModelName"] for model in plan.models]}
