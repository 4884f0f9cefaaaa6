"""Each function may do what the calls in its source need, and no more."""

from __future__ import annotations

import re
from typing import Any

from tests.template.reached_calls import SERVICES, reached_operations
from tests.template.shipped import FUNCTIONS, actions_of, allowed_to, functions_of, module_of, statements_of

PERMISSIONS = {
    "AbortMultipartUpload": {"s3:AbortMultipartUpload"},
    "CompleteMultipartUpload": {"s3:PutObject"},
    "CopyObject": {"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"},
    "CreateMultipartUpload": {"s3:PutObject"},
    # With a VersionId, as the sweep calls it.
    "DeleteObject": {"s3:DeleteObjectVersion"},
    "HeadObject": {"s3:GetObject"},
    "ListMultipartUploads": {"s3:ListBucketMultipartUploads"},
    "ListObjectVersions": {"s3:ListBucketVersions"},
    "ListObjectsV2": {"s3:ListBucket"},
    "ListParts": {"s3:ListMultipartUploadParts"},
    "UploadPartCopy": {"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"},
}
"""The actions of operations that are not named like their action (Amazon S3 User Guide, "Required permissions")."""

PREFIXES = {"sagemaker-runtime": "sagemaker", "stepfunctions": "states"}
"""The services of botocore whose actions have another prefix."""

BESIDE = {
    "application-autoscaling:DeregisterScalableTarget": "DeleteEndpoint of a scaled variant (awslabs, issue 161)",
    "application-autoscaling:TagResource": "RegisterScalableTarget with tags",
    "cloudwatch:DeleteAlarms": "Application Auto Scaling: the alarms of policies",
    "cloudwatch:PutMetricAlarm": "Application Auto Scaling: the alarms of policies",
    "iam:CreateServiceLinkedRole": "RegisterScalableTarget, the first one of SageMaker's in the account",
    "iam:PassRole": "CreateModel, CreateEndpointConfig: a role is passed",
    "cloudwatch:DescribeAlarms": "UpdateEndpoint: the alarms of an AutoRollbackConfiguration",
    "cloudwatch:TagResource": "PutMetricAlarm of an alarm with tags",
    "kms:CreateGrant": "CreateEndpoint, UpdateEndpoint: volumes with a key of the customer",
    "kms:Decrypt": "objects that are encrypted with a key of the customer",
    "kms:GenerateDataKey": "copies that are encrypted with a key of the customer",
    "s3:ListBucket": "GetObject of what is not there: it answers 404, and without the right 403",
    "sagemaker:AddTags": "creations with tags",
    "sagemaker:DescribeEndpoint": "Application Auto Scaling: whether the endpoint is in service",
    "sagemaker:DescribeEndpointConfig": "Application Auto Scaling: what the variant runs on",
    "sagemaker:UpdateEndpointWeightsAndCapacities": "Application Auto Scaling: what it scales by",
    "sagemaker:DescribeModelPackage": "CreateModel of a package in another account",
    "sqs:SendMessage": "Lambda sends events that failed to the dead-letter queue",
}
"""Actions that no call has as its own, with what needs them."""


def required_actions(function: str) -> set[str]:
    """Return the actions that the calls need which a function's code can reach."""
    operations = {
        (service, name[0].upper() + re.sub(r"_(\w)", lambda match: match[1].upper(), name)[1:])
        for service, name in reached_operations(module_of(function))
    }
    return {
        action
        for service, operation in operations
        for action in PERMISSIONS.get(operation, {f"{PREFIXES.get(service, service)}:{operation}"})
    }


def test_every_call_that_a_function_reaches_is_allowed(resources: dict[str, Any]) -> None:
    """A function's policy allows the calls that its code can reach, by its source; tests/local runs them."""
    denied = {
        (function, action)
        for function in functions_of(resources)
        for action in required_actions(function) - allowed_to(resources, function)
    }

    assert denied == set()


def test_every_allowed_action_is_reached(resources: dict[str, Any]) -> None:
    """No policy allows what the code of its function cannot even reach."""
    spare = {
        (function, action)
        for function in functions_of(resources)
        for action in allowed_to(resources, function) - required_actions(function) - BESIDE.keys()
    }

    assert spare == set()


def test_no_action_stands_beside_calls_in_vain(resources: dict[str, Any]) -> None:
    """Each action of the table that excuses is still in some policy."""
    roles = [name for name, resource in resources.items() if resource["Type"] == "AWS::IAM::Role"]
    allowed = {
        action for role in roles for statement in statements_of(resources, role) for action in actions_of(statement)
    }

    assert BESIDE.keys() - allowed == set()


def test_every_adapter_names_its_services() -> None:
    """The reader of calls knows the services of each adapter."""
    adapters = {path.stem for path in (FUNCTIONS / "deployer" / "aws").glob("*.py")}

    assert adapters - {"__init__", "classification", "scaling_content"} == SERVICES.keys()


def test_calls_are_read_from_the_source() -> None:
    """The reader finds calls that are several modules away, and not those of other functions."""
    calls = {name for _, name in reached_operations("create_endpoint_config")}

    assert "CreateEndpointConfig" in calls
    assert not calls & {"CreateModel", "DeleteModel", "DeleteEndpoint"}
