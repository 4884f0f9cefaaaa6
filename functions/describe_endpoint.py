"""DescribeEndpoint: see how far the deployment is."""

from __future__ import annotations

from datetime import datetime

from deployer.planning.live_checks import alarm_names, alarm_reason
from deployer.planning.plan import Live, in_service, next_poll, progress
from deployer.runtime import Document, hosting, monitoring, plan_of, step


@step
def handler(event: Document) -> Document:
    """Return whether the endpoint is in service on the plan's config, how far it is, and when to look again."""
    plan, now = plan_of(event), datetime.fromisoformat(event["Now"])
    endpoint = hosting(plan).describe_endpoint(plan.endpoint_name)
    live = Live.model_validate(endpoint)
    if plan.is_rolled_back(live) and not live.failure_reason:
        reason = alarm_reason(monitoring().alarm_states(alarm_names(plan.deployment_config)))
        live = live.model_copy(update={"failure_reason": reason})
    return {
        "InService": in_service(plan, live, now),
        "EndpointStatus": endpoint["EndpointStatus"],
        "Variants": progress(endpoint),
        "PollSeconds": next_poll(plan.poll_seconds, now - plan.started_at),
    }
