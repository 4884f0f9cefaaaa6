"""CreateEndpointConfig: create the plan's endpoint config, or find it there with equal content."""

from __future__ import annotations

from deployer.runtime import Document, hosting, plan_of, step


@step
def handler(event: Document) -> Document:
    """Return whether it is another run's, so that the claim to it has to be seen before this run relies on it."""
    plan, has_waited = plan_of(event), event.get("Config", {}).get("Claimed", False)
    return {"Claimed": hosting(plan).create_endpoint_config(plan.endpoint_config, has_waited=has_waited)}
