"""CreateModels: create every model of the plan, or find it there with equal content."""

from __future__ import annotations

from datetime import datetime

from deployer import clock
from deployer.json_document import Document
from deployer.planning.decisions import check_deadline
from deployer.planning.plan import plan_of
from deployer.runtime import sagemaker, step


@step(sagemaker)
def handler(event: Document) -> Document:
    """Return the names of the models.

    Raises:
        DeploymentTimedOutError: The deadline has passed; models kept disappearing.
    """
    plan = plan_of(event)
    now = datetime.fromisoformat(event["Now"])
    check_deadline(plan.deadline, now, f"The models of {plan.endpoint_name} are missing")
    service = sagemaker(plan)
    for request in plan.model_requests(clock.now()):
        service.create_model(request)
    return {"ModelNames": [*plan.model_names.values()]}
