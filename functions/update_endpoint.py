"""UpdateEndpoint: change the endpoint to the plan's config."""

from __future__ import annotations

from datetime import datetime

from deployer.errors import EndpointBusyError
from deployer.planning.plan import Action, check_deadline, decide
from deployer.runtime import Document, hosting, plan_of, step


@step
def handler(event: Document) -> Document:
    """Start the update; raise a ReplanError if the endpoint is not what it was when this was planned."""
    plan, is_retry = plan_of(event), event["RetryCount"] > 0
    sagemaker = hosting(plan)
    # Between plan and update lie minutes of retries: time enough for a newer request to be served, or to be confirmed.
    live = sagemaker.find_live(plan.endpoint_name)
    if not (is_retry and plan.is_carried_out_by(live)):
        is_as_planned = live and plan.live and plan.live.endpoint_config_name == live.endpoint_config_name
        now = datetime.fromisoformat(event["Now"])
        check_deadline(plan.deadline, now, f"The update of {plan.endpoint_name} was not begun")
        if not is_as_planned or decide(plan.wanted, plan.endpoint_name, live, now) is not Action.UPDATE:
            raise EndpointBusyError(f"Endpoint {plan.endpoint_name} is not as it was planned.")
        request: Document = {"EndpointName": plan.endpoint_name, "EndpointConfigName": plan.revision, **plan.retention}
        if plan.deployment_config:
            request["DeploymentConfig"] = plan.deployment_config
        sagemaker.update_endpoint(request, is_retry=is_retry)
    return {"PollSeconds": plan.poll_seconds}
