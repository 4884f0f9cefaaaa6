"""UpdateEndpoint: change the endpoint to the plan's config."""

from __future__ import annotations

import os
from datetime import datetime

from deployer import clock
from deployer.aws.sagemaker import may_have_been_accepted
from deployer.cleanup.put_back_scaling import put_back_scaling
from deployer.errors import (
    AccessDeniedError,
    AlarmRejectedError,
    DeploymentTimedOutError,
    EndpointBusyError,
    MonitoringUnavailableError,
    QuotaExceededError,
)
from deployer.json_document import Document
from deployer.planning.abort import abort_alarm, is_abortable
from deployer.planning.as_planned import check_as_planned
from deployer.planning.decisions import check_deadline, requested
from deployer.planning.live import Live
from deployer.planning.plan import Plan, plan_of
from deployer.runtime import logger, monitoring, objects, sagemaker, scaling, step, weight_record
from deployer.tags import STACK_TAG, tag_list


@step(sagemaker, objects)
def handler(event: Document) -> Document:
    """Start the update; raise a ReplanError if the endpoint has changed since it was planned."""
    plan, is_retry = plan_of(event), event["RetryCount"] > 0
    try:
        with may_have_been_accepted(is_retry=is_retry):
            return _update(plan, datetime.fromisoformat(event["Now"]), is_retry=is_retry)
    except (EndpointBusyError, DeploymentTimedOutError):
        # The endpoint serves what it served before, and nothing restores it: an earlier try may have taken its scaling.
        if plan.scaling.set_aside:
            endpoint = sagemaker(plan).find_endpoint(plan.endpoint_name)
            put_back_scaling(plan, Live.of(endpoint) if endpoint else None, scaling())
        raise


def _update(plan: Plan, now: datetime, *, is_retry: bool) -> Document:
    service = sagemaker(plan)
    # Minutes of retries may have passed since the plan: a newer request may have been deployed or confirmed.
    endpoint = service.find_endpoint(plan.endpoint_name)
    live = Live.of(endpoint) if endpoint else None
    if live and plan.is_attached_to(live) and (is_retry or plan.is_resumed):
        return requested(plan.deadline, now, live.modified_at)
    check_deadline(plan.deadline, now, f"The update of {plan.endpoint_name} was not begun")
    check_as_planned(plan, endpoint, weight_record().served(endpoint) if endpoint else "", service, now)
    alarms = _made_alarms(plan, now if is_retry else None)
    if plan.scaling.set_aside:
        scaling().set_aside(plan.endpoint_name, plan.scaling.set_aside)
    service.update_endpoint(plan.update_request(alarms), is_retry=is_retry)
    # An update takes minutes: what SageMaker dates earlier, such as a change of weights just before, is not its end.
    return requested(plan.deadline, now, clock.now())


def _made_alarms(plan: Plan, begun_at: datetime | None) -> list[str]:
    """Make the alarms that roll this update back; return their names. It is not begun without those of its request."""
    tags = tag_list({**plan.request["Tags"], STACK_TAG: plan.stack})
    for alarm in plan.rollback_alarms.values():
        monitoring().make_alarm(alarm, tags)
    return [*plan.rollback_alarms, *_made_abort_alarm(plan, tags, begun_at)]


def _made_abort_alarm(plan: Plan, tags: list[Document], begun_at: datetime | None) -> list[str]:
    """Make the alarm that ends this update by hand; return its name, or nothing if there is none.

    A repetition leaves it on if it was set off meanwhile: the call before may have begun the update.
    """
    if not is_abortable(plan.request, os.environ["ABORT_ALARMS"], os.environ["STACK_ROLE_ARN"]):
        return []
    name = abort_alarm(plan.stack, plan.endpoint_name)
    try:
        monitoring().make_abort_alarm(name, plan.endpoint_name, tags, begun_at)
    except (AccessDeniedError, AlarmRejectedError, MonitoringUnavailableError, QuotaExceededError) as error:
        # The update is worth more than a way to end it.
        logger.warning("The update cannot be aborted", extra={"cause": str(error)})
        return []
    return [name]
