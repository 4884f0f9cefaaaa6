"""CreateEndpointConfig: create the plan's endpoint config, or find it there with equal content."""

from __future__ import annotations

from deployer.runtime import Document, hosting, plan_of, step


@step
def handler(event: Document) -> Document:
    """Create the plan's endpoint config."""
    plan = plan_of(event)
    hosting(plan).create_endpoint_config(plan.endpoint_config)
    return {"EndpointConfigName": plan.revision}
