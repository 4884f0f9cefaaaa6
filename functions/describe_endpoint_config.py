"""DescribeEndpointConfig: read the endpoint config before an endpoint is created from it.

AWS advises it ("call DescribeEndpointConfig before calling CreateEndpoint to minimize the potential impact of a
DynamoDB eventually consistent read", SageMaker API Reference, CreateEndpoint). It makes a stale read
less likely, not impossible, so the next step is retried all the same.
"""

from __future__ import annotations

from aws_lambda_powertools.metrics import MetricUnit

from deployer import clock
from deployer.json_document import Document
from deployer.planning.plan import plan_of
from deployer.runtime import measure, sagemaker, step


@step(sagemaker)
def handler(event: Document) -> Document:
    """Raise EndpointConfigNotVisibleError until the config can be seen; then measure how long that took."""
    plan = plan_of(event)
    config = sagemaker(plan).describe_endpoint_config(plan.wanted.name)
    age = (clock.now() - config["CreationTime"]).total_seconds()
    measure("VisibilityLag", max(0.0, round(age, 3)), MetricUnit.Seconds)
    return {"EndpointConfigArn": config["EndpointConfigArn"]}
