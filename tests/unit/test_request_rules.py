"""Rules between the fields of a request whose violation SageMaker reports only after minutes, if at all."""

from __future__ import annotations

import pytest

from deployer.json_document import Document
from deployer.request.rules.tags import MOST_TAGS
from tests.unit.request_samples import percent, request, routing, serverless, variant, with_config, with_guardrails
from tests.unit.rule_samples import ASYNCHRONOUS, PIPELINE, SHADOW, VARIANT, of_model, said_of, with_shadow, with_tags

MARKETPLACE = "arn:aws:sagemaker:us-east-1:865070037744:model-package/vendor-tts-v3-0123456789abcdef0123456789abcdef"
DIRECT = {"InferenceExecutionConfig": {"Mode": "Direct"}}
MULTI_MODEL = {"PrimaryContainer": {"Mode": "MultiModel", "ModelDataUrl": "s3://b/models/"}}
FOLDER = {"S3DataSource": {"S3Uri": "s3://b/f/", "S3DataType": "S3Prefix", "CompressionType": "None"}}
ASYNC = "EndpointConfig.AsyncInferenceConfig"
EXCLUDED = "is not for serverless endpoints"
LOCAL = "which has storage of its own and takes no volume; leave it out"
REFUSED = {
    "a volume on local storage": (
        request(variant(InstanceType="ml.g5.2xlarge", VolumeSizeInGB=256)),
        f"{VARIANT}.VolumeSizeInGB: is not for ml.g5.2xlarge, {LOCAL}",
    ),
    "a volume on one of several pools": (
        request(
            {
                "VolumeSizeInGB": 256,
                "InstancePools": [
                    {"InstanceType": "ml.m5.large", "Priority": 1},
                    {"InstanceType": "ml.trn1.2xlarge", "Priority": 2},
                ],
            }
        ),
        f"{VARIANT}.VolumeSizeInGB: is not for ml.trn1.2xlarge, {LOCAL}",
    ),
    "a key for local storage": (
        with_config(variant(InstanceType="ml.g5.2xlarge"), KmsKeyId="1234abcd"),
        (
            f"EndpointConfig.KmsKeyId: does not encrypt the storage of ml.g5.2xlarge ({VARIANT}.InstanceType), which "
            "hardware encrypts; leave it out, or use instances with volumes"
        ),
    ),
    "managed scaling of a variant with a model": (
        request(variant(ManagedInstanceScaling={"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 2})),
        (
            f"{VARIANT}.ManagedInstanceScaling: is for endpoints of inference components; scale this variant by "
            "Application Auto Scaling"
        ),
    ),
    "managed scaling by default": (
        request(variant(ManagedInstanceScaling={"MaxInstanceCount": 2})),
        (
            f"{VARIANT}.ManagedInstanceScaling: is for endpoints of inference components; scale this variant by "
            "Application Auto Scaling"
        ),
    ),
    "two serverless variants": (
        request({**serverless(), "ModelName": "x"}, {**serverless(), "ModelName": "y"}),
        "EndpointConfig.ProductionVariants: has 2 entries; a serverless endpoint has one variant only",
    ),
    "serverless without a network": (
        of_model(serverless(), model={"PrimaryContainer": {"Image": "a"}, "EnableNetworkIsolation": True}),
        f"Models.m.EnableNetworkIsolation: {EXCLUDED}",
    ),
    "a rolling update of several variants": (
        with_guardrails(
            variant(VariantName="A"),
            variant(VariantName="B"),
            RollingUpdatePolicy={"MaximumBatchSize": percent(20), "WaitIntervalInSeconds": 60},
        ),
        "DeploymentConfig.RollingUpdatePolicy: is not for several variants",
    ),
    "two kinds of model data": (
        of_model(model={"PrimaryContainer": {"ModelDataUrl": "s3://b/m.tar.gz", "ModelDataSource": FOLDER}}),
        "Models.m.PrimaryContainer.ModelDataSource: cannot be used with ModelDataUrl; use one of them",
    ),
    "a choice that is not a choice": (
        of_model(model={"PrimaryContainer": {"Image": "a"}, "EnableNetworkIsolation": "yes"}),
        "Models.m.EnableNetworkIsolation: must be true or false, and is text, 'yes'",
    ),
    "a serverless volume": (
        request({**serverless(), "VolumeSizeInGB": 5}),
        f"{VARIANT}.VolumeSizeInGB: cannot be used with ServerlessConfig",
    ),
    "a serverless pipeline": (
        of_model(serverless(), model=PIPELINE),
        "Models.m.Containers: has 2 entries; a serverless endpoint has one",
    ),
    "serverless with many models": (
        of_model(serverless(), model=MULTI_MODEL),
        f"Models.m: has a MultiModel container, which {EXCLUDED}",
    ),
    "serverless of AWS Marketplace": (
        of_model(serverless(), model={"PrimaryContainer": {"ModelPackageName": MARKETPLACE}}),
        f"Models.m: is of AWS Marketplace, which {EXCLUDED}",
    ),
    "serverless with a source of model data": (
        of_model(serverless(), model={"PrimaryContainer": {"ModelDataSource": FOLDER}}),
        f"Models.m.PrimaryContainer.ModelDataSource: {EXCLUDED}; name an archive as ModelDataUrl",
    ),
    "serverless with a registry of its own": (
        of_model(serverless(), model={"PrimaryContainer": {"ImageConfig": {"RepositoryAccessMode": "Vpc"}}}),
        f"Models.m.PrimaryContainer.ImageConfig: {EXCLUDED}, whose image is in Amazon ECR",
    ),
    "asynchronous of AWS Marketplace": (
        of_model(model={"PrimaryContainer": {"ModelPackageName": MARKETPLACE}}, **ASYNCHRONOUS),
        f"{ASYNC}: is not for models of AWS Marketplace, and Models.m is one",
    ),
    "a shadow of several containers": (
        with_shadow(PIPELINE),
        f"{SHADOW}: is not for models of several containers, and Models.s is one",
    ),
    "a shadow of many models": (
        with_shadow(MULTI_MODEL),
        f"{SHADOW}: is not for models with a MultiModel container, and Models.s is one",
    ),
    "a shadow of AWS Marketplace": (
        with_shadow({"PrimaryContainer": {"ModelPackageName": MARKETPLACE}}),
        f"{SHADOW}: is not for models of AWS Marketplace, and Models.s is one",
    ),
    "a shadow on Inf1": (
        with_shadow({"PrimaryContainer": {}}, InstanceType="ml.inf1.xlarge"),
        f"{SHADOW}: is not for Inf1 instances, which {SHADOW}[0] has",
    ),
    "an asynchronous shadow": (
        {
            **(document := with_shadow({"PrimaryContainer": {}})),
            "EndpointConfig": {**document["EndpointConfig"], **ASYNCHRONOUS},
        },
        f"{SHADOW}: is not for asynchronous endpoints",
    ),
    "guardrails of AWS Marketplace": (
        {
            **of_model(model={"PrimaryContainer": {"ModelPackageName": MARKETPLACE}}),
            "DeploymentConfig": {"BlueGreenUpdatePolicy": routing("CANARY", CanarySize=percent(20))},
        },
        (
            "DeploymentConfig: is not for models of AWS Marketplace; SageMaker would ignore it and shift all "
            "traffic at once"
        ),
    ),
    "a shadow without a model": (
        request(
            Models={"m": {"PrimaryContainer": {}}},
            EndpointConfig={
                "ProductionVariants": [variant(VariantName="A", ModelName="m")],
                "ShadowProductionVariants": [variant()],
            },
        ),
        f"{SHADOW}[0].ModelName: is missing; name one of Models, m",
    ),
    "one hostname of two": (
        of_model(model={"Containers": [{"ContainerHostname": "a"}, {}]}),
        "Models.m.Containers[1].ContainerHostname: is missing; others have one, and all must or none",
    ),
    "a hostname twice": (
        of_model(model={"Containers": [{"ContainerHostname": "a"}, {"ContainerHostname": "a"}]}),
        "Models.m.Containers[1].ContainerHostname: 'a' is that of another container",
    ),
    "no hostname to ask": (
        of_model(model={**DIRECT, "Containers": [{"ContainerHostname": "a"}, {}]}),
        "Models.m.Containers[1].ContainerHostname: is missing; containers of the mode Direct are invoked by it",
    ),
    "many models of a source": (
        of_model(model={"PrimaryContainer": {"Mode": "MultiModel", "ModelDataSource": FOLDER}}),
        (
            "Models.m.PrimaryContainer.ModelDataSource: is not for MultiModel containers; name their folder as "
            "ModelDataUrl"
        ),
    ),
    "a reserved tag of a model": (
        request(Models={"m": {"PrimaryContainer": {}, "Tags": [{"Key": "AWS:x", "Value": ""}]}}),
        "Models.m.Tags[0].Key: begins with aws:, which is reserved; choose another key",
    ),
    "a reserved tag of an endpoint config": (
        with_config(
            variant(), Tags=[{"Key": "a", "Value": ""}, {"Key": "endpoint-deployer:state", "Value": "deployed"}]
        ),
        "EndpointConfig.Tags[1].Key: begins with endpoint-deployer:, which is reserved; choose another key",
    ),
    "a tag twice": (
        with_config(variant(), Tags=[{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]),
        "EndpointConfig.Tags[1].Key: 'a' is there twice",
    ),
    "too many tags of a model": (
        with_tags(MOST_TAGS - 9, 10),
        (
            f"Models.m.Tags: has {MOST_TAGS + 1} entries with those of Tags; at most {MOST_TAGS} fit beside those of "
            "the deployer, as SageMaker takes 50"
        ),
    ),
    "waits beyond the limit of the policy": (
        with_guardrails(
            variant(),
            BlueGreenUpdatePolicy={
                "TrafficRoutingConfiguration": {
                    "Type": "CANARY",
                    "WaitIntervalInSeconds": 1800,
                    "CanarySize": percent(10),
                },
                "TerminationWaitInSeconds": 1800,
                "MaximumExecutionTimeoutInSeconds": 900,
            },
        ),
        (
            "DeploymentConfig.BlueGreenUpdatePolicy.MaximumExecutionTimeoutInSeconds: 900 is not more than the 3600 s "
            "that the waits of the policy take together"
        ),
    ),
}


@pytest.mark.parametrize(("document", "line"), REFUSED.values(), ids=REFUSED)
def test_refusals_of_sagemaker_are_rejected_by_field(document: Document, line: str) -> None:
    assert said_of(document) == [line]
