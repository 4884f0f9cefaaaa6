"""Requests that are accepted."""

from __future__ import annotations

from deployer.json_document import Document
from tests.unit.request_samples import (
    REGISTRY,
    TWO_MODELS,
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

ACCEPTED: dict[str, Document] = {
    "nothing but a name": request(),
    "two models, a canary and an alarm": TWO_MODELS,
    "one variant, names left out": request(variant()),
    "serverless": request(serverless(ProvisionedConcurrency=5)),
    "asynchronous": with_config(variant(), AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://out/churn"}}),
    "a shadow": {
        **TWO_MODELS,
        "DeploymentConfig": None,
        "EndpointConfig": {
            "ProductionVariants": [variant(VariantName="A", ModelName="champion")],
            "ShadowProductionVariants": [variant(VariantName="S", ModelName="challenger")],
        },
    },
    "linear steps": with_guardrails(variant(), BlueGreenUpdatePolicy=routing("LINEAR", LinearStepSize=percent(25))),
    "rolling": with_guardrails(variant(), RollingUpdatePolicy=rolling(20)),
    "a folder of model data": with_container(
        ModelDataSource={"S3DataSource": {"S3Uri": "s3://b/f/", "S3DataType": "S3Prefix", "CompressionType": "None"}}
    ),
    "a model package": with_container(ModelPackageName="arn:aws:sagemaker:us-east-1:111122223333:model-package/p/1"),
    "what looks like a JSONPath": with_container(
        Environment={"a": "$.Plan", "b": "States.UUID()", "c": "${StackName}"}
    ),
    "a short smoke test": with_smoke_test(),
    "a smoke test of everything": with_smoke_test(
        ContentType="text/csv",
        Accept="application/json",
        TargetVariant="AllTraffic",
        Repetitions=100,
        Expect={
            "StatusCode": 200,
            "MaxLatencyMilliseconds": 500,
            "Equals": "1",
            "Contains": "1",
            "JsonValues": {"": 1, "/a~1b/0": None, "/m~0n": {"o": [True]}},
            "JsonSchema": {"$schema": "http://json-schema.org/draft-07/schema#", "type": "number"},
        },
    ),
    "a smoke test with what InvokeEndpoint takes": with_smoke_test(
        CustomAttributes="accept_eula=true", SessionId="NEW_SESSION", Expect={"LatencyPercentile": 50}
    ),
    "a smoke test of a stream": with_smoke_test(Streaming=True, SessionId="a-1"),
    "a smoke test of what answers later": {
        **with_config(variant(), AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://out/churn"}}),
        "SmokeTest": {"BodyS3Uri": "s3://artifacts/body.csv"},
    },
    "a smoke test of one of many models": {
        **with_container(Mode="MultiModel", ModelDataUrl="s3://b/models/"),
        "SmokeTest": {"Body": "1", "TargetModel": "a/b c.tar.gz"},
    },
    "a smoke test of one container": {
        **request(
            Models={
                "m": {
                    "InferenceExecutionConfig": {"Mode": "Direct"},
                    "Containers": [{"ContainerHostname": "a"}, {"ContainerHostname": "b"}],
                }
            }
        ),
        "SmokeTest": {"Body": "1", "TargetContainerHostname": "b"},
    },
    "containers without model data": request(
        Models={
            "pipe": {
                "Containers": [
                    {"Image": f"{REGISTRY}/pre:1", "ModelDataUrl": None},
                    {"Image": f"{REGISTRY}/pt:2", "ModelDataUrl": "s3://data/model.tar.gz"},
                ]
            }
        }
    ),
    "a smoke test of what is empty": request(
        variant(),
        SmokeTest={
            "Body": "",
            "BodyS3Uri": None,
            "Accept": None,
            "CustomAttributes": None,
            "TargetVariant": None,
            "TargetModel": None,
            "TargetContainerHostname": None,
            "InferenceComponentName": None,
            "SessionId": None,
            "Streaming": False,
            "Expect": {"Equals": None, "Contains": None, "JsonSchema": None, "MaxLatencyMilliseconds": None},
        },
    ),
    "a smoke test whose body is in S3": with_smoke_test(Body=None, BodyS3Uri="s3://artifacts/smoke/body.csv"),
    "a smoke test of what the stack fills in": request(SmokeTest={"Body": "x", "TargetVariant": "AllTraffic"}),
    "a rollback": request(Rollback=True),
    "a rollback to a revision": request(Rollback="churn-20261124T120000-0123456789ab"),
    "a rollback that is guarded and tested": request(
        Rollback=True, SmokeTest={"Body": "x"}, DeploymentConfig=TWO_MODELS["DeploymentConfig"]
    ),
    "a rollback beside what is empty": request(
        Rollback=True, Models={}, EndpointConfig=None, Tags={}, SmokeTest=None, DeploymentConfig=None
    ),
    "no rollback": request(variant(), Rollback=False, Tags={"team": "growth"}),
    "what is retained": request(variant(), RetainAllVariantProperties=True),
    "what is retained but for something": request(
        variant(),
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}],
    ),
    "nothing is retained": request(
        variant(), RetainAllVariantProperties=False, ExcludeRetainedVariantProperties=[], Models=None
    ),
}
"""Accepted requests, by what they are about."""
