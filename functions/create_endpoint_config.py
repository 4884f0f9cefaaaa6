"""CreateEndpointConfig: create the plan's endpoint config, or find it there with equal content."""

from __future__ import annotations

from deployer import clock
from deployer.json_document import Document
from deployer.planning.plan import plan_of
from deployer.runtime import sagemaker, step


@step(sagemaker)
def handler(event: Document) -> Document:
    """Return the ARN of the endpoint config."""
    plan = plan_of(event)
    return {"EndpointConfigArn": sagemaker(plan).create_endpoint_config(plan.endpoint_config_request(clock.now()))}
