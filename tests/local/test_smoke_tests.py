"""Smoke tests of streams, of asynchronous endpoints and of inference components run on local AWS, under IAM."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.local.uploads import manifest, upload

if TYPE_CHECKING:
    from deployer.json_document import Document
    from local.aws.stack import Stack
    from local.demo.sample.training import Trained
    from local.simulator import Settings


@pytest.fixture
def smoke_test(trained: Trained) -> Document:
    """A smoke test that the sample's model passes."""
    tumour = trained.measurements[0]
    body = ",".join(map(str, tumour))
    return {
        "ContentType": "text/csv",
        "Body": body,
        "Expect": {"JsonValues": {"/predictions/0/class": trained.predict(tumour)}},
    }


def deploy(stack: Stack, endpoint: str, artifact: bytes, **changes: Any) -> Document:
    """Upload a manifest and its artifact, and return the outcome of the latter."""
    assert upload(stack, f"models/{endpoint}/deployment.yaml", manifest(endpoint, **changes))["Outcome"] == (
        "AwaitingArtifact"
    )
    return upload(stack, f"models/{endpoint}/model.tar.gz", artifact)


@pytest.mark.parametrize("expected", ["right", "wrong"])
def test_streamed_answer_is_compared(stack: Stack, artifact: bytes, smoke_test: Document, expected: str) -> None:
    """The parts of the stream are compared as a whole."""
    if expected == "wrong":
        smoke_test["Expect"]["JsonValues"] = {"/predictions/0/class": "neither"}

    outcome = deploy(stack, f"streams-{expected}", artifact, SmokeTest={**smoke_test, "Streaming": True})

    assert (outcome["Outcome"], outcome.get("Error")) == (
        ("Deployed", None) if expected == "right" else ("Failed", "SmokeTestFailedError")
    )


def test_asynchronous_answer_is_read_from_its_object(stack: Stack, artifact: bytes, smoke_test: Document) -> None:
    """The endpoint's role writes the answer, and the smoke test waits for it."""
    bucket, iam = stack.outputs.artifact_bucket, stack.server.client("iam")
    role = stack.outputs.execution_role_arn.rpartition("/")[2]
    allowed = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/answers/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName=role, PolicyName="answers", PolicyDocument=document)
    variant = {"ModelName": "classifier", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    paths = {"S3OutputPath": f"s3://{bucket}/answers/out", "S3FailurePath": f"s3://{bucket}/answers/failed"}
    config = {"ProductionVariants": [variant], "AsyncInferenceConfig": {"OutputConfig": paths}}

    outcome = deploy(stack, "asynchronous", artifact, EndpointConfig=config, SmokeTest=smoke_test)
    iam.delete_role_policy(RoleName=role, PolicyName="answers")
    answers = stack.server.client("s3").list_objects_v2(Bucket=bucket, Prefix="answers/out/")

    assert outcome["Outcome"] == "Deployed", outcome
    assert answers["KeyCount"] == 1


def run(stack: Stack, request: Document) -> Document:
    """Start an execution by hand, and return its outcome."""
    started = stack.server.client("stepfunctions").start_execution(
        stateMachineArn=stack.outputs.state_machine_arn, input=json.dumps(request)
    )
    return stack.outcome_of(started["executionArn"])


def test_inference_component_is_asked(stack: Stack, quick: Settings) -> None:
    """The endpoint is deployed, its owner adds a component, and an update asks that."""
    stack.server.control.settings = replace(quick, component_seconds=1.0)
    role, sagemaker = stack.outputs.execution_role_arn, stack.server.client("sagemaker")
    variant: Document = {"VariantName": "A", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    request = {
        "EndpointName": "components",
        "EndpointConfig": {"ExecutionRoleArn": role, "ProductionVariants": [variant]},
    }
    first = run(stack, request)
    sagemaker.create_model(ModelName="component-model", PrimaryContainer={"Image": "i"}, ExecutionRoleArn=role)
    sagemaker.create_inference_component(
        InferenceComponentName="Component",
        EndpointName="components",
        VariantName="A",
        Specification={"ModelName": "component-model"},
    )

    expect = {"JsonValues": {"/Model": "component-model"}}
    smoke_test = {"Body": "{}", "InferenceComponentName": "Component", "Expect": expect}
    variant["InitialInstanceCount"] = 2
    second = run(stack, {**request, "SmokeTest": smoke_test})

    assert first["Outcome"] == "Deployed", first
    assert second["Outcome"] == "Deployed", second
