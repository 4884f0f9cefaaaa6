"""SageMaker's own syntax is checked whole, and each problem has its path and a way out."""

from __future__ import annotations

import pytest

from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.request.model import read_request
from tests.unit.rejected_samples import OWN_FIELDS_WRONG
from tests.unit.request_samples import (
    percent,
    request,
    rolling,
    routing,
    serverless,
    variant,
    with_config,
    with_container,
    with_guardrails,
    with_smoke_test,
)

SHADOW = {"ShadowProductionVariants": [variant(VariantName="S", ModelName="model")]}
MANY = [variant(VariantName=f"v{index}", ModelName="x") for index in range(11)]
REJECTED = {
    "no name": ({}, "EndpointName: is missing"),
    "a name that is a number": ({"EndpointName": 7}, "EndpointName: must be text; quote it"),
    "an impossible name": ({"EndpointName": "ch_urn"}, "EndpointName: 'ch_urn' is not a valid endpoint name"),
    "a long name": ({"EndpointName": "x" * 64}, "EndpointName: has 64 characters"),
    "an unknown field": (
        request(EndpointCfg={}),
        "EndpointCfg: is not a field of a request; did you mean 'EndpointConfig'?",
    ),
    "a field in the wrong case": (request(models={}), "models: is not a field of a request; did you mean 'Models'?"),
    "an unknown member": (
        request(variant(InstanceTyp="x")),
        (
            "EndpointConfig.ProductionVariants[0].InstanceTyp: is not a field of ProductionVariant; "
            "did you mean 'InstanceType'?"
        ),
    ),
    "a name that the deployer gives": (
        request(variant(), EndpointConfig={"EndpointConfigName": "c", "ProductionVariants": [variant()]}),
        "EndpointConfig.EndpointConfigName: is named by the deployer; leave it out",
    ),
    "an instance type that does not exist": (
        request(variant(InstanceType="ml.m5.lrge")),
        (
            "EndpointConfig.ProductionVariants[0].InstanceType: 'ml.m5.lrge' is not a valid production variant "
            "instance type; did you mean 'ml.m5.large'?"
        ),
    ),
    "text for a number": (
        request(variant(InitialInstanceCount="2")),
        "EndpointConfig.ProductionVariants[0].InitialInstanceCount: must be a whole number, and is text, '2'",
    ),
    "a number too small": (
        request(variant(InitialInstanceCount=0)),
        "EndpointConfig.ProductionVariants[0].InitialInstanceCount: 0 is not at least 1",
    ),
    "a list for a mapping": (request(Models=[]), "Models: must be a mapping, and is a list"),
    "a tag that is not text": (request(Tags={"n": 1}), "Tags.n: must be text, and is a number, 1; quote it"),
    "a reserved tag": (
        request(Tags={"aws:x": "y"}),
        "Tags.aws:x: begins with aws:, which is reserved; choose another key",
    ),
    "a long model key": (
        request(Models={"k" * 25: {"PrimaryContainer": {}}}),
        f"Models.{'k' * 25}: is a key of 25 characters; at most 24 fit a name",
    ),
    "a model that no variant uses": (
        request(variant(ModelName="other"), Models={"m": {"PrimaryContainer": {}}}),
        "Models.m: is used by no variant",
    ),
    "several variants of one name": (
        request(variant(VariantName="A", ModelName="x"), variant(VariantName="A", ModelName="y")),
        "EndpointConfig.ProductionVariants: has several variants of the name 'A'",
    ),
    "too many variants": (request(*MANY), "EndpointConfig.ProductionVariants: has 11 entries"),
    "weights of 0": (
        request(variant(InitialVariantWeight=0)),
        "EndpointConfig.ProductionVariants: has weights whose sum is 0, so nobody would answer",
    ),
    "neither instances nor serverless": (
        request({"VariantName": "A"}),
        (
            "EndpointConfig.ProductionVariants[0].InstanceType: is missing; "
            "a variant has either instances or a ServerlessConfig"
        ),
    ),
    "serverless on instances": (
        request({**serverless(), "InstanceType": "ml.m5.large"}),
        "EndpointConfig.ProductionVariants[0].InstanceType: cannot be used with ServerlessConfig",
    ),
    "serverless beside instances": (
        request({**serverless(), "ModelName": "x"}, variant(ModelName="y")),
        "EndpointConfig.ProductionVariants[1]: has instances beside a serverless variant",
    ),
    "odd serverless memory": (request(serverless(MemorySizeInMB=1500)), "MemorySizeInMB: 1500 is not one of 1024"),
    "too much concurrency": (request(serverless(MaxConcurrency=201)), "MaxConcurrency: "),
    "more provisioned than there is": (
        request(serverless(ProvisionedConcurrency=11)),
        "ProvisionedConcurrency: is more than MaxConcurrency, 10",
    ),
    "serverless with data capture": (
        with_config(
            serverless(),
            DataCaptureConfig={
                "InitialSamplingPercentage": 1,
                "DestinationS3Uri": "s3://b/p",
                "CaptureOptions": [{"CaptureMode": "Input"}],
            },
        ),
        "EndpointConfig.DataCaptureConfig: is not for serverless endpoints",
    ),
    "serverless in a VPC": (
        request(
            serverless(),
            Models={
                "m": {"PrimaryContainer": {}, "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}}
            },
        ),
        "Models.m.VpcConfig: is not for serverless endpoints",
    ),
    "asynchronous with two variants": (
        with_config(
            variant(ModelName="x"),
            variant(ModelName="y"),
            AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://out/churn"}},
        ),
        "EndpointConfig.AsyncInferenceConfig: needs exactly one production variant",
    ),
    "a shadow of two": (
        with_config(variant(ModelName="x"), variant(ModelName="y"), **SHADOW),
        "EndpointConfig.ShadowProductionVariants: needs exactly one shadow and one production variant",
    ),
    "two update policies": (
        with_guardrails(variant(), BlueGreenUpdatePolicy=routing("ALL_AT_ONCE"), RollingUpdatePolicy=rolling(20)),
        "DeploymentConfig.RollingUpdatePolicy: cannot be used with BlueGreenUpdatePolicy",
    ),
    "a large canary": (
        with_guardrails(variant(), BlueGreenUpdatePolicy=routing("CANARY", CanarySize=percent(60))),
        "CanarySize.Value: 60 is not 1 to 50 percent",
    ),
    "a canary without its size": (
        with_guardrails(variant(), BlueGreenUpdatePolicy=routing("CANARY")),
        "CanarySize: is missing; traffic of the type CANARY needs it",
    ),
    "small linear steps": (
        with_guardrails(variant(), BlueGreenUpdatePolicy=routing("LINEAR", LinearStepSize=percent(5))),
        "LinearStepSize.Value: 5 is not 10 to 50 percent",
    ),
    "a size that belongs to another type": (
        with_guardrails(variant(), BlueGreenUpdatePolicy=routing("ALL_AT_ONCE", CanarySize=percent(5))),
        "CanarySize: is not for traffic of the type ALL_AT_ONCE",
    ),
    "small rolling batches": (
        with_guardrails(variant(), RollingUpdatePolicy=rolling(4)),
        "MaximumBatchSize.Value: 4 is not 5 to 50 percent",
    ),
    "rolling serverless": (
        with_guardrails(serverless(), RollingUpdatePolicy=rolling(20)),
        "DeploymentConfig: is not for serverless endpoints; SageMaker would ignore it and shift all traffic at once",
    ),
    "a folder without its slash": (
        with_container(
            ModelDataSource={"S3DataSource": {"S3Uri": "s3://b/f", "S3DataType": "S3Prefix", "CompressionType": "None"}}
        ),
        "Models.m.PrimaryContainer.ModelDataSource.S3DataSource.S3Uri: must end in a slash, as S3DataType is S3Prefix",
    ),
    "a package and an image": (
        with_container(ModelPackageName="p", Image="i"),
        "Models.m.PrimaryContainer.Image: cannot be used with ModelPackageName, which holds it",
    ),
    "a JSON Schema that is wrong": (
        with_smoke_test(Expect={"JsonSchema": {"type": "objekt"}}),
        "SmokeTest.Expect.JsonSchema: is not a JSON Schema: 'objekt' is not valid under any of the given schemas",
    ),
    "a JSON Schema that is elsewhere": (
        with_smoke_test(Expect={"JsonSchema": {"$ref": "https://example.com/answer.json"}}),
        "SmokeTest.Expect.JsonSchema: refers to a definition that it does not contain, https://example.com/answer.json",
    ),
    "a smoke test of a variant that there is not": (
        with_smoke_test(TargetVariant="B"),
        "SmokeTest.TargetVariant: 'B' is not one of AllTraffic",
    ),
    "a smoke test of one variant of what answers later": (
        with_config(
            variant(),
            AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://out/churn"}},
        )
        | {"SmokeTest": {"Body": "x", "TargetVariant": "AllTraffic"}},
        "SmokeTest.TargetVariant: is not for asynchronous endpoints",
    ),
    "two kinds of containers": (
        request(Models={"m": {"PrimaryContainer": {}, "Containers": [{}]}}),
        "Models.m.Containers: cannot be used with PrimaryContainer; use one of them",
    ),
}


@pytest.mark.parametrize(
    ("document", "line"), [*REJECTED.values(), *OWN_FIELDS_WRONG.values()], ids=[*REJECTED, *OWN_FIELDS_WRONG]
)
def test_wrong_field_is_reported_with_its_path(document: Document, line: str) -> None:
    """The problem is named, and what to do about it."""
    with pytest.raises(InvalidRequestError) as rejected:
        read_request(document)

    assert line in str(rejected.value)


@pytest.mark.parametrize(
    ("document", "line"),
    [
        (request(DeploymentConfig=5), "DeploymentConfig: must be a mapping, and is a number"),
        (request(EndpointConfig="x"), "EndpointConfig: must be a mapping, and is text"),
        (request(Models={"m": 5}), "Models.m: must be a mapping, and is a number"),
        (request(Tags={"n": None}), "Tags.n: must be text, and is empty"),
        (with_smoke_test(TargetVariant=5), "SmokeTest.TargetVariant: must be text, and is a number, 5; quote it"),
        (
            request(variant(), RetainAllVariantProperties=True, ExcludeRetainedVariantProperties=["x"]),
            "ExcludeRetainedVariantProperties[0]: must be a mapping, and is text",
        ),
    ],
    ids=lambda case: case.partition(":")[0] if isinstance(case, str) else "",
)
def test_a_problem_is_reported_once(document: Document, line: str) -> None:
    """A problem that both pydantic and the service model find is reported once, by the service model."""
    with pytest.raises(InvalidRequestError) as rejected:
        read_request(document)

    assert str(rejected.value) == line


def test_all_problems_are_reported_at_once() -> None:
    """A person mends a request once, not once for each problem."""
    with pytest.raises(InvalidRequestError) as rejected:
        read_request(
            {"EndpointName": "-", "Endpoint": 1, "EndpointConfig": {"ProductionVariants": [{"InstanceType": "x"}]}}
        )

    assert [line.partition(":")[0] for line in str(rejected.value).splitlines()] == [
        "Endpoint",
        "EndpointConfig.ProductionVariants[0].InstanceType",
        "EndpointName",
    ]
