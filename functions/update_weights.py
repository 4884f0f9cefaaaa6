"""UpdateWeights: give the endpoint's config the weights and counts of the plan's revision.

The revision is recorded before the change. So every other run knows whose weights the endpoint has, or is about to get.
"""

from __future__ import annotations

from datetime import datetime

from deployer import clock
from deployer.aws.sagemaker import may_have_been_accepted
from deployer.errors import EndpointBusyError
from deployer.json_document import Document
from deployer.planning.as_planned import check_as_planned
from deployer.planning.decisions import check_deadline, requested
from deployer.planning.live import Live
from deployer.planning.plan import Plan, plan_of
from deployer.planning.record_weights import record_weights
from deployer.planning.weights import weight_change
from deployer.runtime import objects, sagemaker, step, weight_record


@step(sagemaker, objects)
def handler(event: Document) -> Document:
    """Start the change; raise a ReplanError if the endpoint has changed since it was planned."""
    plan, is_retry = plan_of(event), event["RetryCount"] > 0
    with may_have_been_accepted(is_retry=is_retry):
        return _update(plan, datetime.fromisoformat(event["Now"]), is_retry=is_retry)


def _update(plan: Plan, now: datetime, *, is_retry: bool) -> Document:
    service, record = sagemaker(plan), weight_record()
    endpoint = service.find_endpoint(plan.endpoint_name)
    if endpoint is None:
        raise EndpointBusyError(f"Endpoint {plan.endpoint_name} cannot be found.")
    number, served, _ = record.last(plan.endpoint_name, plan.base)
    live = Live.of(endpoint, served=served)
    is_begun = (live.base_name, served) == (plan.base, plan.wanted.name)
    if is_begun and not (is_retry or plan.is_resumed):
        raise EndpointBusyError(f"Another run of the same request changes the weights of {plan.endpoint_name}.")
    if not is_begun:
        check_deadline(plan.deadline, now, f"The change of weights of {plan.endpoint_name} was not begun")
        check_as_planned(plan, endpoint, served, service, now)
        if not record_weights(record, plan.endpoint_name, plan.base, plan.wanted.name, number + 1):
            raise EndpointBusyError(f"Endpoint {plan.endpoint_name} is given the weights of another revision.")
    if live.pending_config_name:
        raise EndpointBusyError(f"Endpoint {plan.endpoint_name} is being changed to {live.pending_config_name}.")
    change = weight_change(live.variants, plan.request["EndpointConfig"])
    if live.is_waiting or not change:
        return requested(plan.deadline, now, live.modified_at)
    try:
        service.update_weights(plan.endpoint_name, change)
    except EndpointBusyError:
        # Another run's update has begun, which no replica showed: it may go back to this endpoint config.
        if not is_begun:
            record_weights(record, plan.endpoint_name, plan.base, plan.previous, number + 2)
        raise
    return requested(plan.deadline, now, clock.now())
