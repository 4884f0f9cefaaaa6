"""Nothing spare: what the policies of the functions allow, some path of the state machines needs."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

from deployer.json_document import Document
from tests.local.permission_calls import MAY
from tests.local.permission_paths import Paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from local.aws.audit import Authorization
    from local.aws.stack import Stack
    from local.simulator import Settings

# Lambda itself writes a function's logs and traces, and the events that a function fails on, with the function's role.
# MiniStack writes logs without asking, has no X-Ray, and no function fails here.
OF_LAMBDA = ("logs:", "xray:", "sqs:")
# Copies in parts begin at 256 MiB; the unit tests of the adapter make them.
OF_LARGE_COPIES = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:ListBucketMultipartUploads")
# CloudWatch asks for the right to tag an alarm that is made with tags; MiniStack does not.
# SageMaker reads alarms with the rights of the function that names them; the simulator reads them with its own.
# Without it S3 answers 403, not 404, for an object that is missing. MiniStack always answers 404.
# Only a name that an endpoint has in another case is looked up so.
# Only a rollback that finds an update under way ends it so; tests/local/test_permissions.py tries the right.
# Only an update that sets aside what a person has handed over reads how it is scaled.
# No image of these tests is in the account's own registry; the other module tries that right, too.
# Only a stack whose parameter says so repairs drift; tests/local/test_permissions.py tries the right.
OF_SERVICES = {
    ("CreateEndpoint", "sagemaker:ListEndpoints"),
    ("DetectDrift", "ecr:DescribeImages"),
    ("DetectDrift", "states:StartExecution"),
    ("PlanDeployment", "application-autoscaling:DescribeScalingPolicies"),
    ("PlanDeployment", "application-autoscaling:DescribeScheduledActions"),
    ("PlanDeployment", "cloudwatch:SetAlarmState"),
    ("UpdateEndpoint", "cloudwatch:DescribeAlarms"),
    ("RegisterScaling", "cloudwatch:TagResource"),
    ("RestoreEndpoint", "cloudwatch:TagResource"),
    ("UpdateEndpoint", "cloudwatch:TagResource"),
    ("StoreRevision", "s3:ListBucket"),
    ("SmokeTestEndpoint", "s3:ListBucket"),
}
# Paths here test only endpoints in real time, of models.
OF_OTHER_SMOKE_TESTS = ("sagemaker:InvokeEndpointWithResponseStream", "sagemaker:InvokeEndpointAsync")
# A model that names a package needs rights on it, too (Developer Guide, "Deploy a Model Version from a Different
# Account"); the simulator has no registry.
# Application Auto Scaling makes alarms and its role with the rights of who registers a target; local AWS makes none.
OF_OTHER_RESOURCES = (
    ":model-package/*",
    ":inference-component/*",
    ":alarm:TargetTracking-endpoint/*",
    "/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
)
# It looks at the endpoint with these rights; local AWS looks with its own.
OF_SCALING = {
    "sagemaker:DescribeEndpoint",
    "sagemaker:DescribeEndpointConfig",
    "sagemaker:UpdateEndpointWeightsAndCapacities",
    "cloudwatch:DescribeAlarms",
}
# What puts scaling back after a failure has the policy of what registers it.
REGISTERING = {"RegisterScaling", "UpdateEndpoint", "RestoreEndpoint"}


@pytest.fixture(scope="module")
def authorizations(running: Stack, quick: Settings) -> list[Authorization]:
    """The decisions of IAM on all paths."""
    before = len(running.server.control.authorizations())
    Paths(running, quick).take_all()
    return running.server.control.authorizations()[before:]


def grants_of(stack: Stack, function: str, role: str) -> Iterator[tuple[list[str], list[str]]]:
    """Yield actions and resources of each statement that allows a function something, without what others need."""
    for document in _policies_of(stack.server.client("iam"), role):
        for statement in document["Statement"]:
            assert statement["Effect"] == "Allow"
            actions, resources = (_listed(statement[member]) for member in ("Action", "Resource"))
            resources = [resource for resource in resources if not resource.endswith(OF_OTHER_RESOURCES)]
            if function in REGISTERING - {"RegisterScaling"}:
                resources = [resource for resource in resources if not resource.endswith("/scaling/*")]
            others = (*OF_LAMBDA, *OF_LARGE_COPIES, *OF_OTHER_SMOKE_TESTS)
            own = [action for action in actions if not action.startswith(others)]
            own = [action for action in own if (function, action) not in OF_SERVICES]
            own = [action for action in own if not _is_for_scaling(function, action)]
            if own and resources:
                yield own, resources


def _is_for_scaling(function: str, action: str) -> bool:
    """Return whether an action may be needed only where scaling is registered, or put back.

    RestoreEndpoint gives weights back, too.
    """
    if (function, action) == ("RestoreEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"):
        return False
    if function == "RegisterScaling":
        return action in OF_SCALING
    is_of_scaling = action.startswith("application-autoscaling:") or action in OF_SCALING
    return function in REGISTERING and is_of_scaling


def _policies_of(iam: Any, role: str) -> Iterator[Document]:
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
        yield iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)["PolicyVersion"]["Document"]


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def needed_by(role: str, authorizations: Iterable[Authorization]) -> set[tuple[str, str]]:
    """Return the actions that a role was allowed, each with its resource."""
    return {
        (each.action, each.resource)
        for each in authorizations
        if f":assumed-role/{role}/" in each.principal and each.allowed
    }


@pytest.mark.parametrize("function", MAY)
def test_every_action_that_a_policy_lists_is_needed(
    running: Stack, authorizations: list[Authorization], roles: dict[str, str], function: str
) -> None:
    """Each action of each statement was needed on one of its resources, and each resource for one of its actions."""
    needed = needed_by(roles[function], authorizations)

    spare = [
        (action, resources)
        for actions, resources in grants_of(running, function, roles[function])
        for action in actions
        if not any(action == used and fnmatchcase(arn, each) for used, arn in needed for each in resources)
    ] + [
        (actions, resource)
        for actions, resources in grants_of(running, function, roles[function])
        for resource in resources
        if not any(used in actions and fnmatchcase(arn, resource) for used, arn in needed)
    ]

    assert spare == []


def test_nothing_that_a_function_needs_is_denied(authorizations: list[Authorization], roles: dict[str, str]) -> None:
    """Not one call of a function was refused, on any path."""
    denied = {
        (function, each.action, each.resource)
        for each in authorizations
        for function, role in roles.items()
        if f":assumed-role/{role}/" in each.principal and not each.allowed
    }

    assert denied == set()
