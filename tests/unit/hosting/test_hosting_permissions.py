"""Which IAM permissions a call to the hosting simulator needs."""

from __future__ import annotations

import pytest

from deployer.json_document import Document
from local.simulator.operations import OPERATIONS
from local.simulator.permissions import required_permissions
from local.simulator.wire import OPERATIONS_OF_RUNTIME
from tests.unit.hosting.account import ARN, ROLE

TAGS = [{"Key": "k", "Value": "v"}]
NEEDED: dict[str, tuple[Document, list[tuple[str, str]]]] = {
    "CreateModel": (
        {"ModelName": "M", "ExecutionRoleArn": ROLE, "Tags": TAGS},
        [("sagemaker:CreateModel", "model/m"), ("sagemaker:AddTags", "model/m"), ("iam:PassRole", ROLE)],
    ),
    "CreateEndpointConfig": (
        {"EndpointConfigName": "C", "Tags": TAGS},
        [("sagemaker:CreateEndpointConfig", "endpoint-config/c"), ("sagemaker:AddTags", "endpoint-config/c")],
    ),
    "CreateEndpoint": (
        {"EndpointName": "E", "EndpointConfigName": "C", "Tags": TAGS},
        [
            ("sagemaker:CreateEndpoint", "endpoint/e"),
            ("sagemaker:CreateEndpoint", "endpoint-config/c"),
            ("sagemaker:AddTags", "endpoint/e"),
        ],
    ),
    "UpdateEndpoint": (
        {"EndpointName": "E", "EndpointConfigName": "C"},
        [("sagemaker:UpdateEndpoint", "endpoint/e"), ("sagemaker:UpdateEndpoint", "endpoint-config/c")],
    ),
    "UpdateEndpointWeightsAndCapacities": (
        {"EndpointName": "E"},
        [("sagemaker:UpdateEndpointWeightsAndCapacities", "endpoint/e")],
    ),
    "DescribeModel": ({"ModelName": "M"}, [("sagemaker:DescribeModel", "model/m")]),
    "DeleteModel": ({"ModelName": "M"}, [("sagemaker:DeleteModel", "model/m")]),
    "DescribeEndpointConfig": (
        {"EndpointConfigName": "C"},
        [("sagemaker:DescribeEndpointConfig", "endpoint-config/c")],
    ),
    "DeleteEndpointConfig": ({"EndpointConfigName": "C"}, [("sagemaker:DeleteEndpointConfig", "endpoint-config/c")]),
    "DescribeEndpoint": ({"EndpointName": "E"}, [("sagemaker:DescribeEndpoint", "endpoint/e")]),
    "DeleteEndpoint": ({"EndpointName": "E"}, [("sagemaker:DeleteEndpoint", "endpoint/e")]),
    "InvokeEndpoint": ({"EndpointName": "E"}, [("sagemaker:InvokeEndpoint", "endpoint/e")]),
    "InvokeEndpointAsync": ({"EndpointName": "E"}, [("sagemaker:InvokeEndpointAsync", "endpoint/e")]),
    "InvokeEndpointWithResponseStream": (
        {"EndpointName": "E", "InferenceComponentName": "I"},
        [
            ("sagemaker:InvokeEndpointWithResponseStream", "endpoint/e"),
            ("sagemaker:InvokeEndpointWithResponseStream", "inference-component/i"),
        ],
    ),
    "CreateInferenceComponent": (
        {"InferenceComponentName": "I", "EndpointName": "E"},
        [
            ("sagemaker:CreateInferenceComponent", "inference-component/i"),
            ("sagemaker:CreateInferenceComponent", "endpoint/e"),
        ],
    ),
    "DescribeInferenceComponent": (
        {"InferenceComponentName": "I"},
        [("sagemaker:DescribeInferenceComponent", "inference-component/i")],
    ),
    "DeleteInferenceComponent": (
        {"InferenceComponentName": "I"},
        [("sagemaker:DeleteInferenceComponent", "inference-component/i")],
    ),
    "ListInferenceComponents": ({}, [("sagemaker:ListInferenceComponents", "*")]),
    "AddTags": ({"ResourceArn": f"{ARN}model/m", "Tags": TAGS}, [("sagemaker:AddTags", "model/m")]),
    "ListTags": ({"ResourceArn": f"{ARN}endpoint/e"}, [("sagemaker:ListTags", "endpoint/e")]),
    "DeleteTags": (
        {"ResourceArn": f"{ARN}endpoint-config/c", "TagKeys": ["k"]},
        [("sagemaker:DeleteTags", "endpoint-config/c")],
    ),
    "ListModels": ({}, [("sagemaker:ListModels", "*")]),
    "ListEndpointConfigs": ({}, [("sagemaker:ListEndpointConfigs", "*")]),
    "ListEndpoints": ({}, [("sagemaker:ListEndpoints", "*")]),
}


@pytest.mark.parametrize("operation", NEEDED)
def test_permissions_are_those_of_the_service_authorization_reference(operation: str) -> None:
    """A call may need several permissions: for what it creates, what it uses, its tags and its role."""
    parameters, expected = NEEDED[operation]

    needed = required_permissions(operation, parameters, "111122223333", "us-east-1")

    assert [(each.action, each.resource.removeprefix(ARN)) for each in needed] == expected


def test_a_role_is_passed_to_sagemaker() -> None:
    """Policies may bind iam:PassRole to the service that a role is passed to."""
    parameters = {"ModelName": "M", "ExecutionRoleArn": ROLE}

    needed = required_permissions("CreateModel", parameters, "111122223333", "us-east-1")

    assert needed[-1].context == {"iam:PassedToService": "sagemaker.amazonaws.com"}


def test_every_operation_is_looked_at() -> None:
    """A new operation of the simulator fails this test until its permission is added."""
    assert NEEDED.keys() == {*OPERATIONS, *OPERATIONS_OF_RUNTIME}
