"""The hosting simulator refuses models and configs that contradict themselves, as SageMaker does."""

from __future__ import annotations

import pytest

from deployer.aws.classification import classify
from deployer.errors import SageMakerRejectedError
from deployer.json_document import Document
from tests.unit.hosting.account import ROLE, Account, refused, serverless, variant
from tests.unit.hosting.hosting_samples import ASYNC, BOUGHT

CAPTURE = {
    "DataCaptureConfig": {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://b/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
}
SHADOW = {"ShadowProductionVariants": [variant(VariantName="S")]}
CONCURRENCY = {"MemorySizeInMB": 2048, "MaxConcurrency": 5, "ProvisionedConcurrency": 6}
CONFIGS: dict[str, tuple[list[Document], Document, str]] = {
    "a name twice": ([variant(), variant()], {}, "must have a unique name"),
    "a shadow of the same name": ([variant()], {"ShadowProductionVariants": [variant()]}, "must have a unique name"),
    "weights of nothing": (
        [variant(InitialVariantWeight=0), variant(VariantName="B", InitialVariantWeight=0)],
        {},
        "The sum of the variant weights must be greater than 0",
    ),
    "no instances": ([{"VariantName": "A", "ModelName": "m"}], {}, "must have InstanceType and InitialInstanceCount"),
    "instances and serverless in one": ([serverless(InstanceType="ml.m5.large")], {}, "cannot have both"),
    "instances beside serverless": ([serverless(), variant(VariantName="B")], {}, "cannot be combined"),
    "memory of an odd size": ([serverless(1500)], {}, "MemorySizeInMB must be one of"),
    "too much memory": ([serverless(7168)], {}, "Member must have value less than or equal to 6144"),
    "too much concurrency": (
        [serverless(ServerlessConfig={"MemorySizeInMB": 2048, "MaxConcurrency": 201})],
        {},
        "Member must have value less than or equal to 200",
    ),
    "more provisioned than at most": ([serverless(ServerlessConfig=CONCURRENCY)], {}, "ProvisionedConcurrency must"),
    "serverless and asynchronous": ([serverless()], ASYNC, "AsyncInferenceConfig is not supported for serverless"),
    "serverless with a shadow": ([serverless()], SHADOW, "ShadowProductionVariants is not supported for serverless"),
    "serverless with data capture": ([serverless()], CAPTURE, "DataCaptureConfig is not supported for serverless"),
    "serverless in a network of its own": ([serverless(ModelName="vpc")], {}, "VpcConfig is not supported"),
    "serverless without a network": ([serverless(ModelName="isolated")], {}, "Network isolation is not supported"),
    "serverless with many models": ([serverless(ModelName="many")], {}, "Multi-model containers are not supported"),
    "asynchronous with several variants": ([variant(), variant(VariantName="B")], ASYNC, "one production variant only"),
    "several serverless variants": (
        [serverless(), serverless(VariantName="B")],
        {},
        "can have one production variant only",
    ),
    "serverless with a pipeline": ([serverless(ModelName="pipeline")], {}, "Models with several containers are not"),
    "serverless with a data source": ([serverless(ModelName="source")], {}, "Model with containers that use ModelData"),
    "serverless of the Marketplace": ([serverless(ModelName="bought")], {}, "Marketplace images are not supported"),
    "asynchronous of the Marketplace": (
        [variant(ModelName="bought")],
        ASYNC,
        "Marketplace images are not supported when specifying an AsyncInferenceConfig.",
    ),
    "a shadow of the Marketplace": ([variant(ModelName="bought")], SHADOW, "one container of your own only"),
    "a shadow of many models": ([variant(ModelName="many")], SHADOW, "one container of your own only"),
    "a shadow of a pipeline": ([variant(ModelName="pipeline")], SHADOW, "one container of your own only"),
    "an asynchronous shadow": ([variant()], ASYNC | SHADOW, "not supported when specifying an AsyncInferenceConfig"),
    "a shadow on Inf1": ([variant(InstanceType="ml.inf1.xlarge")], SHADOW, "not supported for Inf1"),
    "a volume on local storage": (
        [variant(InstanceType="ml.g5.xlarge", VolumeSizeInGB=50)],
        {},
        "VolumeSizeInGB is not supported for the instance type ml.g5.xlarge",
    ),
    "a key for local storage": (
        [variant(InstanceType="ml.g5.xlarge")],
        {"KmsKeyId": "alias/mine"},
        "KmsKeyId is not supported for the instance type ml.g5.xlarge",
    ),
    "managed scaling of a model": (
        [variant(ManagedInstanceScaling={"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 2})],
        {},
        "ManagedInstanceScaling is not supported with the given EndpointConfig setup.",
    ),
    "no model and no role": (
        [{member: value for member, value in variant().items() if member != "ModelName"}],
        {},
        "needs an ExecutionRoleArn",
    ),
    "a shadow of several variants": ([variant(), variant(VariantName="B")], SHADOW, "exactly one production variant"),
}


def data_source(uri: str) -> Document:
    """Build a ModelDataSource of a prefix."""
    return {"S3DataSource": {"S3Uri": uri, "S3DataType": "S3Prefix", "CompressionType": "None"}}


MODELS: dict[str, tuple[Document, str]] = {
    "no image": (
        {"PrimaryContainer": {"Environment": {"A": "b"}}},
        "Specify one of either Image and Model Data URL or",
    ),
    "two kinds of containers": (
        {"PrimaryContainer": {"Image": "i"}, "Containers": [{"Image": "i"}]},
        "either PrimaryContainer or Containers",
    ),
    "two kinds of data": (
        {"PrimaryContainer": {"Image": "i", "ModelDataUrl": "s3://b/m", "ModelDataSource": data_source("s3://b/m/")}},
        "ModelDataUrl and ModelDataSource cannot both",
    ),
    "a prefix without a slash": (
        {"PrimaryContainer": {"Image": "i", "ModelDataSource": data_source("s3://b/m")}},
        "must end with a forward slash",
    ),
    "an environment of the Marketplace": (
        {"PrimaryContainer": {"ModelPackageName": BOUGHT, "Environment": {"A": "b"}}},
        "Environment variable map cannot be specified when using a ModelPackage subscribed from AWS Marketplace.",
    ),
    "a hostname on some": (
        {"Containers": [{"Image": "i", "ContainerHostname": "a"}, {"Image": "i"}]},
        "for all containers or for none",
    ),
    "no hostname for direct ones": (
        {"Containers": [{"Image": "i"}] * 2, "InferenceExecutionConfig": {"Mode": "Direct"}},
        "for all containers or for none",
    ),
    "a hostname twice": ({"Containers": [{"Image": "i", "ContainerHostname": "a"}] * 2}, "must be unique"),
}


@pytest.mark.parametrize(("model", "message"), MODELS.values(), ids=MODELS)
def test_model_that_contradicts_itself_is_refused(model: Document, message: str) -> None:
    """It is refused permanently, and nothing is recorded."""
    account = Account()

    code, said = refused(account.sagemaker.create_model, ModelName="m", ExecutionRoleArn=ROLE, **model)

    assert message in said
    assert classify("CreateModel", code, said) is SageMakerRejectedError
    assert account.simulator.resources()["Models"] == {}


@pytest.mark.parametrize(("variants", "more", "said"), CONFIGS.values(), ids=CONFIGS)
def test_a_config_that_contradicts_itself_is_refused(variants: list[Document], more: Document, said: str) -> None:
    """It is refused permanently, and nothing is recorded."""
    account = Account()
    account.create_model()
    create = account.sagemaker.create_model
    network = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
    container = {"Image": "registry/m:1"}
    create(ModelName="vpc", PrimaryContainer=container, VpcConfig=network)
    create(ModelName="isolated", PrimaryContainer=container, EnableNetworkIsolation=True)
    create(ModelName="many", PrimaryContainer={**container, "Mode": "MultiModel"})
    create(ModelName="pipeline", Containers=[container, container])
    create(ModelName="bought", PrimaryContainer={"ModelPackageName": BOUGHT})
    create(ModelName="source", PrimaryContainer={**container, "ModelDataSource": data_source("s3://b/m/")})

    code, message = refused(
        account.sagemaker.create_endpoint_config, EndpointConfigName="c", ProductionVariants=variants, **more
    )

    assert said in message
    assert classify("CreateEndpointConfig", code, message) is SageMakerRejectedError
    assert account.simulator.resources()["EndpointConfigs"] == {}


@pytest.mark.parametrize(
    ("variants", "more"),
    [
        ([variant(), variant(VariantName="B", InitialVariantWeight=0)], {}),
        ([serverless(6144)], {}),
        ([variant()], ASYNC),
        ([variant()], SHADOW),
    ],
    ids=["a weight of nothing", "serverless", "asynchronous", "shadow"],
)
def test_a_config_that_is_right_serves(variants: list[Document], more: Document) -> None:
    """A config that is accepted comes into service, and its endpoint describes all variants."""
    account = Account()
    account.serve(*variants, **more)

    described = account.describe()

    assert described["EndpointStatus"] == "InService"
    assert [each["VariantName"] for each in described["ProductionVariants"]] == [
        each["VariantName"] for each in variants
    ]
    assert ("ShadowProductionVariants" in described) is (more is SHADOW)
    assert ("AsyncInferenceConfig" in described) is (more is ASYNC)
