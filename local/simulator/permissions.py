"""Which IAM permissions a call needs, and on what.

The source is the Service Authorization Reference, "Actions, resources, and condition keys for Amazon SageMaker AI".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from local.json_document import Document

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
}


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing that a caller has to be allowed."""

    action: str
    resource: str
    context: dict[str, str] = field(default_factory=dict)


def required_permissions(operation: str, parameters: Document, account_id: str, region: str) -> list[Permission]:
    """Return everything that a call's caller has to be allowed."""
    prefix = f"arn:aws:sagemaker:{region}:{account_id}:"
    action = f"sagemaker:{operation}"
    if operation in {"AddTags", "ListTags", "DeleteTags"}:
        return [Permission(action, parameters.get("ResourceArn", "*"))]
    if operation not in _RESOURCES:
        return [Permission(action, "*")]
    kind, member = _RESOURCES[operation]
    name = str(parameters.get(member, ""))
    resource = f"{prefix}{kind}/{name.lower() if kind == 'endpoint' else name}"
    needed = [Permission(action, resource)]
    if operation in {"CreateEndpoint", "UpdateEndpoint"}:
        needed.append(Permission(action, f"{prefix}endpoint-config/{parameters.get('EndpointConfigName', '')}"))
    if operation in _CREATED and parameters.get("Tags"):
        needed.append(Permission("sagemaker:AddTags", resource))
    if role := parameters.get("ExecutionRoleArn"):
        needed.append(Permission("iam:PassRole", role, {"iam:PassedToService": "sagemaker.amazonaws.com"}))
    return needed
