"""Which IAM permissions a call needs, and on what.

The source is the Service Authorization Reference, "Actions, resources, and condition keys for Amazon SageMaker AI".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from local.json_document import Document
from local.simulator.store import build_arn

_CREATED = {
    "CreateModel": ("model", "ModelName"),
    "CreateEndpointConfig": ("endpoint-config", "EndpointConfigName"),
    "CreateEndpoint": ("endpoint", "EndpointName"),
}
_RESOURCES = {
    **_CREATED,
    "DescribeModel": ("model", "ModelName"),
    "DeleteModel": ("model", "ModelName"),
    "DescribeEndpointConfig": ("endpoint-config", "EndpointConfigName"),
    "DeleteEndpointConfig": ("endpoint-config", "EndpointConfigName"),
    "DescribeEndpoint": ("endpoint", "EndpointName"),
    "UpdateEndpoint": ("endpoint", "EndpointName"),
    "UpdateEndpointWeightsAndCapacities": ("endpoint", "EndpointName"),
    "DeleteEndpoint": ("endpoint", "EndpointName"),
    "InvokeEndpoint": ("endpoint", "EndpointName"),
    "InvokeEndpointAsync": ("endpoint", "EndpointName"),
    "InvokeEndpointWithResponseStream": ("endpoint", "EndpointName"),
    "CreateInferenceComponent": ("inference-component", "InferenceComponentName"),
    "DescribeInferenceComponent": ("inference-component", "InferenceComponentName"),
    "DeleteInferenceComponent": ("inference-component", "InferenceComponentName"),
}
_MORE = (
    ("endpoint-config", "EndpointConfigName", {"CreateEndpoint", "UpdateEndpoint"}),
    ("endpoint", "EndpointName", {"CreateInferenceComponent"}),
    ("inference-component", "InferenceComponentName", {"InvokeEndpoint", "InvokeEndpointWithResponseStream"}),
)
"""Further resources that a call needs the same action on."""


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing that a caller has to be allowed."""

    action: str
    resource: str
    context: dict[str, str] = field(default_factory=dict)


def required_permissions(operation: str, parameters: Document, account_id: str, region: str) -> list[Permission]:
    """Return the permissions that a call needs. Source: Service Authorization Reference, "Amazon SageMaker AI"."""
    action = f"sagemaker:{operation}"
    if operation in {"AddTags", "ListTags", "DeleteTags"}:
        return [Permission(action, parameters.get("ResourceArn", "*"))]
    if operation not in _RESOURCES:
        return [Permission(action, "*")]
    kind, member = _RESOURCES[operation]
    name = str(parameters.get(member, ""))
    resource = build_arn(kind, name, account_id, region)
    needed = [Permission(action, resource)]
    for needed_kind, needed_member, operations in _MORE:
        if operation in operations and (needed_name := parameters.get(needed_member)):
            needed.append(Permission(action, build_arn(needed_kind, str(needed_name), account_id, region)))
    if operation in _CREATED and parameters.get("Tags"):
        needed.append(Permission("sagemaker:AddTags", resource, {"sagemaker:TaggingAction": operation}))
    if role := parameters.get("ExecutionRoleArn"):
        needed.append(Permission("iam:PassRole", role, {"iam:PassedToService": "sagemaker.amazonaws.com"}))
    return needed
