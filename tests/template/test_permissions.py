"""Each function may do what it needs and no more."""

from __future__ import annotations

import json

import pytest

from deployer.json_document import Document
from deployer.planning.keys import STORE_PREFIX
from deployer.tags import CONFIRMED_TAG, EXECUTION_TAG, PREVIOUS_TAG, STACK_TAG, STATE_TAG, USED_AT_TAG
from tests.template.shipped import (
    MACHINES,
    actions_of,
    allowed_to,
    function_of,
    functions_of,
    read_definition,
    statements_of,
    tasks_of,
)

_SCALING = {"RegisterScaling", "UpdateEndpoint", "RestoreEndpoint"}
"""What registers scalable targets; Application Auto Scaling asks for more rights of its caller than its own."""

ALONE = {
    "sagemaker:CreateModel": {"CreateModels"},
    "sagemaker:CreateEndpointConfig": {"CreateEndpointConfig"},
    "sagemaker:CreateEndpoint": {"CreateEndpoint"},
    "sagemaker:UpdateEndpoint": {"UpdateEndpoint", "RestoreEndpoint"},
    "sagemaker:DeleteEndpoint": {"RestoreEndpoint"},
    "sagemaker:DeleteEndpointConfig": {"SweepUnused"},
    "sagemaker:DeleteModel": {"SweepUnused"},
    "sagemaker:DeleteTags": {"UpdateTags"},
    "sagemaker:InvokeEndpoint": {"SmokeTestEndpoint"},
    "sagemaker:InvokeEndpointAsync": {"SmokeTestEndpoint"},
    "sagemaker:InvokeEndpointWithResponseStream": {"SmokeTestEndpoint"},
    "sagemaker:UpdateEndpointWeightsAndCapacities": {"UpdateWeights", *_SCALING},
    **{
        f"application-autoscaling:{operation}": _SCALING
        for operation in (
            "DeregisterScalableTarget",
            "RegisterScalableTarget",
            "PutScalingPolicy",
            "DeleteScalingPolicy",
            "PutScheduledAction",
            "DeleteScheduledAction",
            "TagResource",
        )
    },
    "iam:CreateServiceLinkedRole": _SCALING,
    "iam:PassRole": {"CreateModels", "CreateEndpointConfig"},
    "s3:PutObject": {"StoreRevision", "UpdateWeights", "RestoreEndpoint"},
    "s3:DeleteObject": set(),  # versions are deleted; without one, S3 would only hide the object
    "s3:DeleteObjectVersion": {"SweepUnused"},
    "states:SendTaskSuccess": {"DescribeEndpoint", "WakeExecution"},
    "states:GetExecutionHistory": {"WakeExecution", "AnnounceFailure"},
    "states:DescribeExecution": {"DetectDrift"},
    "states:StartExecution": {"DetectDrift"},
    "cloudwatch:PutMetricAlarm": _SCALING,
    "cloudwatch:DeleteAlarms": {"SweepUnused", *_SCALING},
    "cloudwatch:SetAlarmState": {"PlanDeployment", "UpdateEndpoint"},
    "logs:DescribeLogStreams": {"AnnounceOutcome"},
    "logs:GetLogEvents": {"AnnounceOutcome"},
    "events:PutEvents": {"AnnounceOutcome", "AnnounceFailure", "SweepUnused", "DetectDrift", "AwaitApproval"},
}
"""Who alone may do what changes something, or shows an execution's data."""

IS_OWN = {f"aws:ResourceTag/{STACK_TAG}": {"Ref": "AWS::StackName"}}


def statements_with(resources: Document, function: str, action: str) -> list[Document]:
    """Return the statements that allow a function an action."""
    return [each for each in statements_of(resources, f"{function}FunctionRole") if action in actions_of(each)]


@pytest.mark.parametrize(("action", "functions"), ALONE.items(), ids=ALONE)
def test_only_these_functions_may(resources: Document, action: str, functions: set[str]) -> None:
    assert {name for name in functions_of(resources) if action in allowed_to(resources, name)} == functions


CHANGES = ("sagemaker:Delete", "sagemaker:UpdateEndpoint")


@pytest.mark.parametrize("function", ["UpdateEndpoint", "UpdateWeights", "RestoreEndpoint", "SweepUnused"])
def test_only_own_resources_are_changed_or_deleted(resources: Document, function: str) -> None:
    """An update needs a right on the config, too, which may be one that an endpoint had before this stack owned it."""
    changing = [
        statement
        for statement in statements_of(resources, f"{function}FunctionRole")
        if any(action.startswith(CHANGES) for action in actions_of(statement))
        and not ("UpdateEndpoint" in json.dumps(statement) and ":endpoint-config/" in json.dumps(statement))
    ]

    assert changing
    assert all(statement["Condition"] == {"StringEquals": IS_OWN} for statement in changing)


def test_policy_limits_instance_types_to_those_of_the_parameter(resources: Document) -> None:
    """IAM enforces the limit. Serverless variants have no type, which ForAllValues allows."""
    (statement,) = statements_with(resources, "CreateEndpointConfig", "sagemaker:CreateEndpointConfig")

    name, limited, otherwise = statement["Condition"]["Fn::If"]

    assert (name, otherwise) == ("LimitsInstanceTypes", {"Ref": "AWS::NoValue"})
    (listed,) = limited["ForAllValues:StringLike"].values()
    assert '"AllowedInstanceTypes"' in json.dumps(listed)
    assert '"DefaultInstanceType"' in json.dumps(listed)


CREATED_BY = {
    "CreateModels": "CreateModel",
    "CreateEndpointConfig": "CreateEndpointConfig",
    "CreateEndpoint": "CreateEndpoint",
}


def test_logs_are_read_of_endpoints_only_and_only_if_that_is_wanted(resources: Document) -> None:
    """Other logs of the account may be secret."""
    policies = resources["AnnounceOutcomeFunctionRole"]["Properties"]["Policies"]
    statements = policies[0]["PolicyDocument"]["Statement"]
    (conditional,) = [each["Fn::If"] for each in statements if "Fn::If" in each]

    assert conditional[0] == "ReadsContainerLogs"
    assert conditional[1]["Resource"]["Fn::Sub"].endswith(":log-group:/aws/sagemaker/Endpoints/*")


@pytest.mark.parametrize(
    ("function", "tags"),
    [
        ("RecordDeployment", [STATE_TAG]),
        ("ConfirmRevision", [CONFIRMED_TAG]),
        ("CreateModels", [EXECUTION_TAG, USED_AT_TAG]),
        ("CreateEndpointConfig", [EXECUTION_TAG, PREVIOUS_TAG, USED_AT_TAG]),
        ("CreateEndpoint", []),
    ],
)
def test_only_created_or_own_resources_are_tagged(resources: Document, function: str, tags: list[str]) -> None:
    """Resources of another stack with equal content are not changed."""
    conditions = [each["Condition"] for each in statements_with(resources, function, "sagemaker:AddTags")]

    creating = {"StringEquals": {"sagemaker:TaggingAction": CREATED_BY.get(function)}}
    tagging = {"ForAllValues:StringEquals": {"aws:TagKeys": tags}, "StringEquals": IS_OWN}
    assert conditions == [creating] * (function in CREATED_BY) + [tagging] * bool(tags)


@pytest.mark.parametrize(
    ("function", "action", "keys"),
    [
        ("StoreRevision", "s3:PutObject", "*"),
        ("UpdateWeights", "s3:PutObject", "*/weights/*"),
        ("RestoreEndpoint", "s3:PutObject", "*/weights/*"),
        ("StoreRevision", "s3:AbortMultipartUpload", "*"),
        ("SweepUnused", "s3:GetObject", "*"),
        ("SweepUnused", "s3:DeleteObjectVersion", "*"),
    ],
)
def test_only_stored_objects_are_written_or_deleted(resources: Document, function: str, action: str, keys: str) -> None:
    """Only people change uploaded objects."""
    (statement,) = statements_with(resources, function, action)

    assert statement["Resource"] == {"Fn::Sub": f"${{ArtifactBucket.Arn}}/{STORE_PREFIX}{keys}"}


@pytest.mark.parametrize("function", ["SweepUnused", "WakeExecution"])
def test_only_stored_objects_are_listed(resources: Document, function: str) -> None:
    (statement,) = statements_with(resources, function, "s3:ListBucket")

    assert statement["Condition"] == {"StringLike": {"s3:prefix": f"{STORE_PREFIX}*"}}


@pytest.mark.parametrize("action", ["sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointWithResponseStream"])
def test_inference_components_are_invoked_by_their_own_right(resources: Document, action: str) -> None:
    """IAM asks for the endpoint and, where an invocation names one, for the inference component."""
    (statement,) = statements_with(resources, "SmokeTestEndpoint", action)

    kinds = {each["Fn::Sub"].rpartition(":")[2] for each in statement["Resource"]}
    assert kinds == {"endpoint/*", "inference-component/*"}


def test_missing_answer_of_an_asynchronous_endpoint_differs_from_a_denied_one(resources: Document) -> None:
    """S3 answers 403 for an object that is missing to those who may not list its bucket."""
    assert "s3:ListBucket" in allowed_to(resources, "SmokeTestEndpoint")


def test_histories_are_read_of_the_own_state_machine_only(resources: Document) -> None:
    (statement,) = statements_with(resources, "WakeExecution", "states:GetExecutionHistory")

    assert statement["Resource"]["Fn::Sub"].endswith(":execution:${DeployEndpointStateMachine.Name}:*")


@pytest.mark.parametrize("machine", MACHINES)
def test_state_machine_may_invoke_all_versions_of_its_functions_only(resources: Document, machine: str) -> None:
    functions = {function_of(task) for task in tasks_of(read_definition(machine)).values()}
    (statement,) = (
        each
        for each in statements_of(resources, f"{machine}StateMachineRole")
        if "lambda:InvokeFunction" in actions_of(each)
    )
    named = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]

    assert sorted(each["Fn::Sub"] for each in named) == sorted(f"${{{name}Function.Arn}}:*" for name in functions)


def test_every_function_writes_to_the_log_group_of_functions_only(resources: Document) -> None:
    for name in functions_of(resources):
        (writing,) = statements_with(resources, name, "logs:PutLogEvents")

        assert writing["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
        assert writing["Resource"] == {"Fn::GetAtt": ["FunctionLogGroup", "Arn"]}
