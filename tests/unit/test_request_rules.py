"""Rules between the fields of a request whose violation SageMaker reports only after minutes, if at all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.request.model import read_request
from deployer.request.rules.guardrails import instance_size_problems, unguarded
from deployer.request.rules.tags import MOST_TAGS
from deployer.request.rules.variants import LOCAL_STORAGE_FAMILIES, family
from deployer.request.rules.waits import limit_problems, timeout_problems, waiting_seconds
from deployer.request.service_model import sagemaker
from tests.unit.request_samples import percent, request, routing, serverless, variant, with_config, with_guardrails

MARKETPLACE = "arn:aws:sagemaker:us-east-1:865070037744:model-package/vendor-tts-v3-0123456789abcdef0123456789abcdef"
OWN_PACKAGE = "arn:aws:sagemaker:us-east-1:111122223333:model-package/tts/3"
ASYNCHRONOUS = {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://out/churn"}}}
DIRECT = {"InferenceExecutionConfig": {"Mode": "Direct"}}
PIPELINE = {"Containers": [{"Image": "a"}, {"Image": "b"}]}
MULTI_MODEL = {"PrimaryContainer": {"Mode": "MultiModel", "ModelDataUrl": "s3://b/models/"}}
FOLDER = {"S3DataSource": {"S3Uri": "s3://b/f/", "S3DataType": "S3Prefix", "CompressionType": "None"}}


def said_of(document: Document) -> list[str]:
    """Return what is said of a request."""
    try:
        read_request(document)
    except InvalidRequestError as rejected:
        return str(rejected).splitlines()
    return []


def of_model(*variants: Document, model: Document, **config: Any) -> Document:
    """Build a request of one model."""
    return {**with_config(*(variants or [variant()]), **config), "Models": {"m": model}}


def with_shadow(model: Document, **changed: Any) -> Document:
    """Build a request whose shadow variant has a model."""
    return request(
        Models={"m": {"PrimaryContainer": {"Image": "a"}}, "s": model},
        EndpointConfig={
            "ProductionVariants": [variant(VariantName="A", ModelName="m")],
            "ShadowProductionVariants": [variant(VariantName="S", ModelName="s", **changed)],
        },
    )


def with_tags(count: int, common: int = 0) -> Document:
    """Build a request whose model has so many tags, beside common ones."""
    tags = [{"Key": f"own{number}", "Value": ""} for number in range(count)]
    return request(
        Models={"m": {"PrimaryContainer": {}, "Tags": tags}}, Tags={f"common{number}": "" for number in range(common)}
    )


VARIANT, SHADOW = "EndpointConfig.ProductionVariants[0]", "EndpointConfig.ShadowProductionVariants"
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
        "Models.m.PrimaryContainer.ModelDataSource: cannot stand beside ModelDataUrl; use one of them",
    ),
    "a choice that is no choice": (
        of_model(model={"PrimaryContainer": {"Image": "a"}, "EnableNetworkIsolation": "yes"}),
        "Models.m.EnableNetworkIsolation: must be true or false, and is text, 'yes'",
    ),
    "a serverless volume": (
        request({**serverless(), "VolumeSizeInGB": 5}),
        f"{VARIANT}.VolumeSizeInGB: cannot stand beside ServerlessConfig",
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
            "DeploymentConfig: is not for models of AWS Marketplace; SageMaker would pass over it and shift all "
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
def test_what_sagemaker_refuses_is_rejected_by_field(document: Document, line: str) -> None:
    assert said_of(document) == [line]


TAKEN = {
    "a volume": request(variant(VolumeSizeInGB=256)),
    "a volume on Inf2": request(variant(InstanceType="ml.inf2.xlarge", VolumeSizeInGB=256)),
    "a key for a volume": with_config(variant(), KmsKeyId="1234abcd"),
    "managed scaling that is off": request(variant(ManagedInstanceScaling={"Status": "DISABLED"})),
    "managed scaling of inference components": request(
        EndpointConfig={
            "ExecutionRoleArn": "arn:aws:iam::111122223333:role/r",
            "ProductionVariants": [variant(ManagedInstanceScaling={"Status": "ENABLED", "MaxInstanceCount": 2})],
        }
    ),
    "a serverless list of one container": of_model(serverless(), model={"Containers": [{"Image": "a"}]}),
    "asynchronous of an own package": of_model(
        model={"PrimaryContainer": {"ModelPackageName": OWN_PACKAGE}}, **ASYNCHRONOUS
    ),
    "a shadow of an own package": with_shadow({"PrimaryContainer": {"ModelPackageName": OWN_PACKAGE}}),
    "a pipeline without hostnames": of_model(model=PIPELINE),
    "a model that is in SageMaker": request(variant(ModelName="theirs")),
    "as many tags as fit": with_tags(MOST_TAGS - 10, 10),
    "a tag of both lists": request(
        Models={"m": {"PrimaryContainer": {}, "Tags": [{"Key": "a", "Value": "1"}]}}, Tags={"a": "2"}
    ),
    "a tag that mentions AWS": request(Tags={"aws": "x", "my:aws:tag": "y"}),
}


@pytest.mark.parametrize("document", TAKEN.values(), ids=TAKEN)
def test_what_is_near_to_that_is_taken(document: Document) -> None:
    assert said_of(document) == []


def test_every_family_of_instances_is_known_to_have_volumes_or_storage_of_its_own() -> None:
    """A family that botocore adds has to be looked up (Amazon EC2 User Guide, "Instance store")."""
    shape: Any = sagemaker().shape_for("ProductionVariantInstanceType")
    with_volumes = {
        *(
            "c4",
            "c5",
            "c6g",
            "c6gn",
            "c6i",
            "c6in",
            "c7g",
            "c7i",
            "c8g",
            "inf1",
            "inf2",
            "m4",
            "m5",
            "m6g",
            "m6i",
            "m7i",
        ),
        *("m8g", "p2", "p3", "r5", "r6g", "r6i", "r7i", "r8g", "t2"),
    }

    assert {family(each) for each in shape.enum} - LOCAL_STORAGE_FAMILIES == with_volumes


def test_live_models_of_others_are_guarded_as_far_as_is_known() -> None:
    config = {"ProductionVariants": [variant(ModelName="theirs")]}

    assert unguarded(config) == ""


def linear(value: int, wait: int, **more: Any) -> Document:
    """Build guardrails of linear steps."""
    steps = {"Type": "LINEAR", "WaitIntervalInSeconds": wait, "LinearStepSize": percent(value)}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": steps, **more}}


def of_instances(count: int) -> Document:
    """Build an endpoint config with a variant of so many instances."""
    return {"ProductionVariants": [variant(VariantName="A", InitialInstanceCount=count)]}


@pytest.mark.parametrize(
    ("deployment", "count", "seconds"),
    [
        pytest.param({}, 1, 0, id="no policy"),
        pytest.param({"AutoRollbackConfiguration": {}}, 1, 0, id="alarms only"),
        pytest.param({"BlueGreenUpdatePolicy": routing("ALL_AT_ONCE")}, 4, 0, id="all at once"),
        pytest.param({"BlueGreenUpdatePolicy": routing("CANARY", CanarySize=percent(10))}, 4, 600, id="a canary"),
        pytest.param(linear(25, 600, TerminationWaitInSeconds=60), 8, 3 * 600 + 60, id="four steps"),
        pytest.param(linear(10, 600), 2, 600, id="two steps, of an instance each"),
        pytest.param({"RollingUpdatePolicy": {"MaximumBatchSize": percent(5), "WaitIntervalInSeconds": 60}}, 40, 1200),
        pytest.param(
            {
                "RollingUpdatePolicy": {
                    "MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 3},
                    "WaitIntervalInSeconds": 60,
                }
            },
            10,
            240,
            id="batches of three instances",
        ),
    ],
)
def test_waits_of_an_update_add_up(deployment: Document, count: int, seconds: int) -> None:
    assert waiting_seconds(deployment, of_instances(count)) == seconds


sizes = st.sampled_from([1, 10, 20, 50]).map(percent) | st.integers(1, 9).map(
    lambda value: {"Type": "INSTANCE_COUNT", "Value": value}
)
deployments = st.one_of(
    st.builds(lambda size: {"BlueGreenUpdatePolicy": routing("CANARY", CanarySize=size)}, sizes),
    st.builds(linear, st.integers(10, 50), st.integers(0, 3600)),
    st.builds(
        lambda size, wait: {"RollingUpdatePolicy": {"MaximumBatchSize": size, "WaitIntervalInSeconds": wait}},
        sizes,
        st.integers(0, 3600),
    ),
)


@given(deployment=deployments, count=st.integers(1, 50), timeout=st.integers(60, 43_200))
def test_update_whose_waits_take_longer_than_the_stack_waits_is_told(
    deployment: Document, count: int, timeout: int
) -> None:
    config = of_instances(count)
    seconds = waiting_seconds(deployment, config)

    assert bool(list(timeout_problems(deployment, config, timeout))) == (seconds >= timeout)
    for policy in deployment.values():
        policy["MaximumExecutionTimeoutInSeconds"] = timeout
    assert bool(list(limit_problems(deployment, config))) == (seconds >= timeout)


@given(value=st.integers(1, 60), count=st.integers(1, 50))
def test_canary_in_instances_may_be_half_of_the_fleet(value: int, count: int) -> None:
    size = {"Type": "INSTANCE_COUNT", "Value": value}
    deployment = {"BlueGreenUpdatePolicy": routing("CANARY", CanarySize=size)}

    problems = list(instance_size_problems(deployment, of_instances(count)))

    assert bool(problems) == (2 * value > count)


def test_misspelt_model_is_told_where_it_is_named() -> None:
    named = request(variant(ModelName="modle"), Models={"model": {"PrimaryContainer": {}}})

    assert said_of(named) == [f"{VARIANT}.ModelName: 'modle' is no key of Models; did you mean 'model'?"]


def test_model_that_nobody_means_is_told_by_its_key() -> None:
    named = request(
        variant(ModelName="champion"), variant(ModelName="theirs"),
        Models={"champion": {"PrimaryContainer": {}}, "challenger": {"PrimaryContainer": {}}},
    )  # fmt: skip

    assert said_of(named) == ["Models.challenger: is used by no variant; make it the ModelName of one, or leave it out"]
