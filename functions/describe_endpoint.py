"""DescribeEndpoint: see how far the deployment is."""

from __future__ import annotations

from datetime import datetime

from deployer.planning import Live, in_service, next_poll
from deployer.runtime import Document, hosting, plan_of, step


@step
def handler(event: Document) -> Document:
    """Return whether the endpoint is in service on the plan's config, and when to look again."""
    plan, now = plan_of(event), datetime.fromisoformat(event["Now"])
    endpoint = hosting(plan).describe_endpoint(plan.endpoint_name)
    is_done = in_service(plan, Live.model_validate(endpoint), now)
    return {
        "InService": is_done,
        "EndpointStatus": endpoint["EndpointStatus"],
        "PollSeconds": next_poll(plan.poll_seconds, now - plan.started_at),
    }
