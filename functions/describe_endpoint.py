"""DescribeEndpoint: look at the endpoint, and end the wait once it is in service on the plan's revision.

The state waits for a callback. The task token exists before the look, so an event after the look is not lost. A wait
that would last beyond the deadline ends at once, too, for one that ends at the deadline.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from deployer import clock
from deployer.json_document import Document
from deployer.planning.abort import abort_alarm
from deployer.planning.decisions import in_service, next_look_seconds, progress
from deployer.planning.live_checks import alarm_names, alarm_reason
from deployer.planning.plan import plan_of
from deployer.planning.seen import seen_live
from deployer.runtime import executions, monitoring, objects, sagemaker, step, weight_record


@step(sagemaker, objects)
def handler(event: Document) -> Document:
    """Return the state of the endpoint; the state machine continues once the endpoint is in service or has failed."""
    plan = plan_of(event)
    requested_at = datetime.fromisoformat(event["RequestedAt"])
    service = sagemaker(plan)
    endpoint = service.describe_endpoint(plan.endpoint_name)
    live = seen_live(plan, endpoint, weight_record())
    is_others = not plan.is_attached_to(live) and (not live.is_waiting or bool(live.pending_config_name))
    if is_others and not live.failure_reason:
        abort = abort_alarm(plan.stack, plan.endpoint_name)
        names = [*alarm_names(plan.deployment_config), *plan.rollback_alarms, abort]
        alarming = monitoring().in_alarm_since(names)
        # The alarm by which an earlier update was ended may be on still.
        if abort in alarming and alarming[abort] <= max(requested_at, plan.started_at):
            del alarming[abort]
        live = replace(live, failure_reason=alarm_reason(alarming, abort))
    # Minutes of retries may have passed since the state was entered.
    now = clock.now()
    look_seconds = next_look_seconds(plan.deadline, now, event["LookSeconds"])
    look = {
        "InService": in_service(plan, live, requested_at, now, service.preceding_configs(live.config_name)),
        "EndpointStatus": live.status,
        "Variants": progress(endpoint),
        "RequestedAt": event["RequestedAt"],
        "LookSeconds": look_seconds,
    }
    if look["InService"] or look_seconds < event["LookSeconds"]:
        executions().send_success(event["TaskToken"], look)
    return look
