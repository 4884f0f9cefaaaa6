"""CreateEndpoint: create the endpoint on the plan's config."""

from __future__ import annotations

from datetime import datetime

from deployer.planning.plan import check_deadline
from deployer.runtime import Document, hosting, plan_of, step


@step
def handler(event: Document) -> Document:
    """Start the creation; raise EndpointExistsError if somebody else's endpoint has come between."""
    plan = plan_of(event)
    check_deadline(plan.deadline, datetime.fromisoformat(event["Now"]), f"Endpoint {plan.endpoint_name} was not begun")
    hosting(plan).create_endpoint(
        {"EndpointName": plan.endpoint_name, "EndpointConfigName": plan.revision, "Tags": plan.tags}
    )
    return {"PollSeconds": plan.poll_seconds}
