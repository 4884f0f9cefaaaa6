"""Roles of models: SageMaker can assume them, and reads a model's data with them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from local.environment import ACCOUNT_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.aws.stack import Stack

MODEL = {"ModelName": "with-role", "PrimaryContainer": {"Image": "i"}}


@pytest.fixture
def sagemaker_role(stack: Stack) -> Iterator[Callable[..., str]]:
    """Return a function that creates a role with a trust policy and permissions, and returns its ARN."""
    iam, made = stack.server.client("iam"), list[str]()

    def make(name: str, trusts: str, *actions: str) -> str:
        trust = {"Effect": "Allow", "Principal": {"Service": trusts}, "Action": "sts:AssumeRole"}
        policy = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]
        if actions:
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps({"Statement": [policy]}))
        made.append(name)
        return str(role["Arn"])

    yield make
    for name in made:
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)


def test_role_that_does_not_trust_sagemaker_is_invalid(stack: Stack, sagemaker_role: Callable[..., str]) -> None:
    """A model's role has to let SageMaker assume it."""
    role = sagemaker_role("trusts-lambda", "lambda.amazonaws.com")

    with pytest.raises(ClientError, match=f'The execution role ARN "{role}" is invalid'):
        stack.server.client("sagemaker").create_model(**MODEL, ExecutionRoleArn=role)


def test_missing_role_is_invalid(stack: Stack) -> None:
    """A model's role has to exist."""
    role = f"arn:aws:iam::{ACCOUNT_ID}:role/nobody"

    with pytest.raises(ClientError, match=f'The execution role ARN "{role}" is invalid'):
        stack.server.client("sagemaker").create_model(**MODEL, ExecutionRoleArn=role)


@pytest.mark.parametrize(
    ("actions", "key", "message"),
    [
        pytest.param([], "roles/model.tar.gz", "Could not access model data at", id="not-allowed"),
        pytest.param(["s3:*"], "roles/none.tar.gz", "Could not find model data at", id="not-there"),
    ],
)
def test_model_data_is_read_as_execution_role(
    stack: Stack, sagemaker_role: Callable[..., str], actions: list[str], key: str, message: str
) -> None:
    """SageMaker cannot read data that the execution role cannot read."""
    stack.upload("roles/model.tar.gz", b"model")
    role = sagemaker_role("runs-models", "sagemaker.amazonaws.com", *actions)
    container = {"Image": "i", "ModelDataUrl": f"s3://{stack.outputs.artifact_bucket}/{key}"}

    with pytest.raises(ClientError, match=f"{message} {container['ModelDataUrl']}"):
        stack.server.client("sagemaker").create_model(
            ModelName="unreadable", PrimaryContainer=container, ExecutionRoleArn=role
        )
