"""CreateEndpoint: create the endpoint on the plan's config."""

from __future__ import annotations

from datetime import datetime

from deployer.aws.sagemaker import may_have_been_accepted
from deployer.json_document import Document
from deployer.planning.decisions import check_deadline, requested
from deployer.planning.plan import plan_of
from deployer.runtime import sagemaker, step


@step(sagemaker)
def handler(event: Document) -> Document:
    """Start the creation; raise EndpointExistsError if somebody else has created the endpoint meanwhile."""
    plan, now = plan_of(event), datetime.fromisoformat(event["Now"])
    check_deadline(plan.deadline, now, f"The creation of {plan.endpoint_name} was not begun")
    with may_have_been_accepted(is_retry=event["RetryCount"] > 0):
        sagemaker(plan).create_endpoint(plan.endpoint_request())
    return requested(plan.deadline, now, now)
