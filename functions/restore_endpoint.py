"""RestoreEndpoint: change the endpoint back to its previous config after a failure, or delete it if this run made it.

The step is repeated until the endpoint rests. Then its previous scaling is put back.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from deployer.cleanup.put_back_scaling import put_back_scaling
from deployer.cleanup.restore import Restoration
from deployer.errors import EndpointNotVisibleError, UpdateRolledBackError
from deployer.json_document import Document
from deployer.planning.live import Live
from deployer.planning.plan import plan_of
from deployer.runtime import objects, sagemaker, scaling, step, weight_record

if TYPE_CHECKING:
    from deployer.planning.plan import Plan


@step(sagemaker, objects)
def handler(event: Document) -> Document:
    """Return whether the endpoint rests, and the config that was restored."""
    plan, error = plan_of(event), event["Failure"]["Error"]
    requested_at = event["Endpoint"]["RequestedAt"]
    restoration = Restoration(plan, error, datetime.fromisoformat(requested_at) if requested_at else None)
    now, release = datetime.fromisoformat(event["Now"]), partial(_set_scaling_aside, plan)
    report = restoration.take_step(sagemaker(plan), weight_record(), now, event["Restore"], release)
    if report["Done"] and plan.previous and plan.scaling.is_used:
        is_back = report["Restored"] is not None or error == UpdateRolledBackError.__name__
        _put_scaling_back(plan, is_back=is_back)
    return report


def _set_scaling_aside(plan: Plan) -> None:
    if plan.scaling.is_used:
        scaling().set_aside(plan.endpoint_name, plan.scaling.set_aside)


def _put_scaling_back(plan: Plan, *, is_back: bool) -> None:
    """Put the scaling back, unless the endpoint serves something else by now.

    Raises:
        EndpointNotVisibleError: It has gone back, and a replica does not show that yet.
    """
    endpoint = sagemaker(plan).find_endpoint(plan.endpoint_name)
    live = Live.of(endpoint) if endpoint else None
    if not put_back_scaling(plan, live, scaling()) and is_back and live and plan.is_attached_to(live):
        raise EndpointNotVisibleError(f"Endpoint {plan.endpoint_name} is still shown as it was before it was restored.")
