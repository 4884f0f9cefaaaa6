"""Uploads that are not deployed: wrong manifests are rejected, and other objects start nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from local.aws.stack import Stack

VARIANT = "{ModelName: m, InstanceType: ml.m5.large, InitialInstanceCount: 1}"


@pytest.mark.parametrize(
    ("endpoint", "text", "field"),
    [
        pytest.param("not-yaml", "EndpointName: [", "deployment.yaml", id="not-yaml"),
        pytest.param("unknown-field", "Model: {}", "Model", id="unknown-field"),
        pytest.param("wrong-type", "Models: 3", "Models", id="wrong-type"),
        pytest.param("-impossible-", "{}", "EndpointName", id="impossible-name"),
        pytest.param(
            "no-such-type",
            "{Models: {m: {}}, EndpointConfig: {ProductionVariants: [" + VARIANT.replace("m5", "m55") + "]}}",
            "EndpointConfig.ProductionVariants[0].InstanceType",
            id="instance-type",
        ),
        pytest.param(
            "no-artifact",
            "{Models: {m: {PrimaryContainer: {ModelDataUrl: 's3://BUCKET/none.tar.gz'}}},"
            " EndpointConfig: {ProductionVariants: [" + VARIANT + "]}}",
            "Models.m.PrimaryContainer.ModelDataUrl",
            id="artifact-missing",
        ),
    ],
)
def test_wrong_manifest_is_rejected_and_nothing_created(stack: Stack, endpoint: str, text: str, field: str) -> None:
    """A wrong manifest ends as Rejected, the cause names the field, and SageMaker holds nothing of it."""
    body = text.replace("BUCKET", stack.outputs.artifact_bucket).encode()

    execution = stack.execution_of(stack.upload(f"models/{endpoint}/deployment.yaml", body))
    outcome = stack.outcome_of(execution)

    assert (outcome["Outcome"], outcome["Error"]) == ("Rejected", "InvalidRequestError")
    assert field in outcome["Cause"]
    assert not any(stack.made_for(endpoint).values())
    described = stack.server.client("stepfunctions").describe_execution(executionArn=execution)
    assert (described["status"], described["error"]) == ("FAILED", "InvalidRequestError")


@pytest.mark.parametrize("key", ["models/near/model.zip", "models/near/Model.tar.gz"])
def test_misnamed_upload_is_rejected_with_the_right_name(stack: Stack, key: str) -> None:
    """It starts an execution by the shipped rule, whose event names the endpoint and the right name of the file."""
    outcome = stack.outcome_of(stack.execution_of(stack.upload(key, b"nothing")))

    assert (outcome["Outcome"], outcome["EndpointName"]) == ("Rejected", "near")
    assert "upload" in outcome["Cause"]


def test_foreign_uploads_start_nothing(stack: Stack) -> None:
    """Other prefixes and other file names match no rule, nor do stored copies; an upload after them is handled."""
    foreign = [
        "other/churn/model.tar.gz",
        "model.tar.gz",
        "models.tar.gz",
        "models/foreign/model.tar.gz.sha256",
        "models/foreign/code/inference.py",
        "xmodels/foreign/model.tar.gz",
        "revisions/foreign/artifacts/0123456789ab/model.tar.gz",
    ]
    before = {execution["executionArn"] for execution in stack.executions()}

    for key in foreign:
        stack.upload(key, b"nothing")
    ours = stack.execution_of(stack.upload("models/ours/deployment.yaml", b"Model: {}"))
    stack.outcome_of(ours)

    assert {execution["executionArn"] for execution in stack.executions()} - before == {ours}
