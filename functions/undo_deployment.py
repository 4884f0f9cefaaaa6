"""UndoDeployment: take back what this run did, as far as nothing else uses it.

The step can be repeated, and is: an endpoint that goes away takes its time.
"""

from __future__ import annotations

from datetime import datetime

from deployer.cleanup.undoing import Undoing
from deployer.planning.plan import Action
from deployer.runtime import Document, hosting, plan_of, step, usage


@step
def handler(event: Document) -> Document:
    """Return whether all is taken back, and what is left because something uses it."""
    data = event["Data"]
    plan = plan_of(data)
    sagemaker = hosting(plan)
    undoing = Undoing(
        plan,
        sagemaker,
        usage(sagemaker),
        error=data.get("Failure", {}).get("Error"),
        has_planned_again="Replan" in data,
        has_models="Models" in data,
        has_config="Config" in data,
        has_changed="Endpoint" in data or plan.action is Action.RESUME,
    )
    return undoing.step(datetime.fromisoformat(event["Now"]), data.get("Undo"))
