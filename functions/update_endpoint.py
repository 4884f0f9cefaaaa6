"""UpdateEndpoint: change the endpoint to the plan's config."""

from __future__ import annotations

from deployer.errors import EndpointBusyError
from deployer.planning import Action, decide
from deployer.runtime import Document, hosting, plan_of, step


@step
def handler(event: Document) -> Document:
    """Start the update; raise a ReplanError if the endpoint is not what it was when this was planned."""
    plan = plan_of(event)
    sagemaker = hosting(plan)
    # Between plan and update lie minutes of retries: time enough for a newer request to be served, or to be confirmed.
    live = sagemaker.find_live(plan.endpoint_name)
    is_as_planned = live and plan.live and plan.live.endpoint_config_name == live.endpoint_config_name
    if not is_as_planned or decide(plan.wanted, plan.endpoint_name, live) is not Action.UPDATE:
        is_under_way = live is not None and live.endpoint_config_name == plan.revision
        if not is_under_way:
            raise EndpointBusyError(f"Endpoint {plan.endpoint_name} is not as it was planned.")
    request: Document = {"EndpointName": plan.endpoint_name, "EndpointConfigName": plan.revision}
    if plan.deployment_config:
        request["DeploymentConfig"] = plan.deployment_config
    sagemaker.update_endpoint(request)
    return {"PollSeconds": plan.poll_seconds}
