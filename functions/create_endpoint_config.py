"""CreateEndpointConfig: create the plan's endpoint config, or find it there with equal content."""

from __future__ import annotations

from deployer.runtime import Document, hosting, plan_of, step


@step
def handler(event: Document) -> Document:
    """Return whether it was another run's, unless this run has waited for its claim to be seen since it found so."""
    plan = plan_of(event)
    claimed = hosting(plan).create_endpoint_config(plan.endpoint_config)
    has_waited = event.get("Config", {}).get("Claimed", False)
    return {"Claimed": claimed and not has_waited}
