"""What SageMaker answers to the calls of its adapter, and what the calls are made with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deployer.json_document import Document
from deployer.tags import (
    EXECUTION_TAG,
    PENDING,
    PREVIOUS_TAG,
    STACK_TAG,
    STATE_TAG,
    USED_AT_TAG,
    tag_list,
)

if TYPE_CHECKING:
    from botocore.stub import Stubber


EXECUTION = "arn:aws:states:us-east-1:111122223333:execution:deploy:run-1"
STACK = "deployer"
ARN = "arn:aws:sagemaker:us-east-1:111122223333:"
MODEL_ARN, CONFIG_ARN, ENDPOINT_ARN = f"{ARN}model/churn-m-1", f"{ARN}endpoint-config/churn-c-1", f"{ARN}endpoint/churn"
ROLE = "arn:aws:iam::111122223333:role/runs-models"
USED_AT = "2026-11-24T12:00:00+00:00"
COMMON = {"team": "growth", EXECUTION_TAG: EXECUTION, STACK_TAG: STACK, USED_AT_TAG: USED_AT}
MODEL: Document = {
    "ModelName": "churn-m-1",
    "PrimaryContainer": {"Image": "registry/churn:1"},
    "ExecutionRoleArn": ROLE,
    "Tags": tag_list(COMMON),
}
CONFIG: Document = {
    "EndpointConfigName": "churn-c-1",
    "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": "churn-m-1", "InitialVariantWeight": 1.0}],
    "Tags": tag_list({**COMMON, STATE_TAG: PENDING, PREVIOUS_TAG: "churn-c-0"}),
}
UPDATE = {"EndpointName": "churn", "EndpointConfigName": "churn-c-1"}
MOMENT = 1764000000


def refuse(stub: Stubber, operation: str, message: str, code: str = "ValidationException", status: int = 400) -> None:
    """Let the next call be refused."""
    stub.add_client_error(operation, code, message, http_status_code=status)


def deny(stub: Stubber, operation: str) -> None:
    """Let the next call be denied."""
    refuse(stub, operation, "User is not authorized", code="AccessDeniedException")


def describe_model(stub: Stubber, **changed: Any) -> None:
    """Let the next call describe the model."""
    content = {member: value for member, value in MODEL.items() if member != "Tags"}
    stub.add_response("describe_model", {**content, "ModelArn": MODEL_ARN, "CreationTime": MOMENT, **changed})


def describe_config(stub: Stubber, **changed: Any) -> None:
    """Let the next call describe the config."""
    content = {member: value for member, value in CONFIG.items() if member != "Tags"}
    answer = {**content, "EndpointConfigArn": CONFIG_ARN, "CreationTime": MOMENT, **changed}
    stub.add_response("describe_endpoint_config", answer)


def describe_endpoint(stub: Stubber, config_name: str = "churn-c-1", **more: Any) -> None:
    """Let the next call describe the endpoint."""
    answer = {
        "EndpointName": "churn",
        "EndpointArn": ENDPOINT_ARN,
        "EndpointConfigName": config_name,
        "EndpointStatus": "Updating",
        "CreationTime": MOMENT,
        "LastModifiedTime": MOMENT,
        **more,
    }
    stub.add_response("describe_endpoint", answer)


def list_tags(stub: Stubber, arn: str, **tags: str) -> None:
    """Let the next call list the tags of a resource."""
    stub.add_response("list_tags", {"Tags": tag_list(tags)}, {"ResourceArn": arn})


def add_tags(stub: Stubber, arn: str, tags: dict[str, str]) -> None:
    """Let the next call set exactly these tags of a resource."""
    stub.add_response("add_tags", {}, {"ResourceArn": arn, "Tags": tag_list(tags)})


EXISTING = {
    "create_model": f'Cannot create already existing model "{MODEL_ARN}".',
    "create_endpoint_config": f'Cannot create already existing endpoint configuration "{CONFIG_ARN}".',
    "create_endpoint": f'Cannot create already existing endpoint "{ENDPOINT_ARN}".',
}
