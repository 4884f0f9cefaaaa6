"""CreateModels: create every model of the plan, or find it there with equal content."""

from __future__ import annotations

from deployer.runtime import Document, hosting, plan_of, step


@step
def handler(event: Document) -> Document:
    """Create the plan's models."""
    plan = plan_of(event)
    sagemaker = hosting(plan)
    for model in plan.models:
        sagemaker.create_model(model)
    return {"ModelNames": [model["ModelName"] for model in plan.models]}
