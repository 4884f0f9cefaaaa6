"""UpdateEndpoint: change the endpoint to the plan's config."""

from __future__ import annotations

from deployer.errors import EndpointBusyError, EndpointMissingError
from deployer.runtime import Document, hosting, plan_of, step


@step
def handler(event: Document) -> Document:
    """Start the update; raise a ReplanError if the endpoint is not what it was when this was planned."""
    plan = plan_of(event)
    sagemaker = hosting(plan)
    # Between plan and update lie minutes of retries: time enough for a newer deployment to begin and end.
    attached = sagemaker.find_endpoint(plan.endpoint_name)
    if attached is None or plan.live is None:
        raise EndpointMissingError(f"Endpoint {plan.endpoint_name} is gone.")
    if attached["EndpointConfigName"] not in {plan.live.endpoint_config_name, plan.revision}:
        raise EndpointBusyError(f"Endpoint {plan.endpoint_name} was changed to {attached['EndpointConfigName']}.")
    request: Document = {"EndpointName": plan.endpoint_name, "EndpointConfigName": plan.revision}
    if plan.deployment_config:
        request["DeploymentConfig"] = plan.deployment_config
    sagemaker.update_endpoint(request)
    return {"PollSeconds": plan.poll_seconds}
