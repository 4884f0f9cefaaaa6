"""The request: SageMaker's own syntax, checked whole, with a path and a way out for each problem."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.errors import InvalidRequestError
from deployer.manifest import read_manifest
from deployer.request import Allowances, DeploymentRequest, read_request
from deployer.service_model import check_shape, operation_input, sagemaker
from tests.unit.service_values import every_member

REGISTRY = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
ROLE = "arn:aws:iam::111122223333:role/runs-models"


def variant(**changed: Any) -> dict[str, Any]:
    """Build a variant on instances."""
    return {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1, **changed}


def serverless(**changed: Any) -> dict[str, Any]:
    """Build a serverless variant."""
    return {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 10, **changed}}


def request(*variants: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """Build a request; without variants it leaves the config to the stack."""
    config = {"EndpointConfig": {"ProductionVariants": list(variants)}} if variants else {}
    return {"EndpointName": "churn", **config, **changed}


def with_config(*variants: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Build a request whose endpoint config has more than variants."""
    return request(EndpointConfig={"ProductionVariants": list(variants), **more})


def with_container(**container: Any) -> dict[str, Any]:
    """Build a request of one model with one container."""
    return request(Models={"m": {"PrimaryContainer": container}})


def with_guardrails(*variants: dict[str, Any], **deployment: Any) -> dict[str, Any]:
    """Build a request with a DeploymentConfig."""
    return request(*variants, DeploymentConfig=deployment)


def routing(kind: str, **sizes: Any) -> dict[str, Any]:
    """Build a blue/green policy."""
    return {"TrafficRoutingConfiguration": {"Type": kind, "WaitIntervalInSeconds": 600, **sizes}}


def percent(value: int) -> dict[str, Any]:
    """Build a share of the capacity."""
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def rolling(value: int) -> dict[str, Any]:
    """Build a rolling policy."""
    return {"MaximumBatchSize": percent(value), "WaitIntervalInSeconds": 60}


TWO_MODELS = {
    "EndpointName": "churn",
    "Models": {
        "champion": {"PrimaryContainer": {"Image": f"{REGISTRY}/churn:3"}},
        "challenger": {"PrimaryContainer": {"Image": f"{REGISTRY}/churn:4", "ModelDataUrl": "s3://data/model.tar.gz"}},
    },
    "EndpointConfig": {
        "ProductionVariants": [
            variant(VariantName="A", ModelName="champion", InitialVariantWeight=2),
            variant(VariantName="B", ModelName="challenger", InitialVariantWeight=1),
        ]
    },
    "DeploymentConfig": {
        "BlueGreenUpdatePolicy": routing("CANARY", CanarySize=percent(10)),
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "churn-5xx"}]},
    },
    "Tags": {"team": "growth"},
}

ACCEPTED = {
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
}


@pytest.mark.parametrize("document", ACCEPTED.values(), ids=ACCEPTED)
def test_what_sagemaker_takes_is_accepted(document: dict[str, Any]) -> None:
    """Requests from SageMaker's documentation are right as they are."""
    assert read_request(document).endpoint_name == "churn"


SHADOW = {"ShadowProductionVariants": [variant(VariantName="S", ModelName="model")]}
MANY = [variant(VariantName=f"v{index}", ModelName="x") for index in range(11)]

REJECTED = {
    "no name": ({}, "EndpointName: is missing"),
    "a name that is a number": ({"EndpointName": 7}, "EndpointName: must be text; quote it"),
    "an impossible name": ({"EndpointName": "ch_urn"}, "EndpointName: 'ch_urn' is no endpoint name"),
    "a long name": ({"EndpointName": "x" * 64}, "EndpointName: has 64 characters"),
    "an unknown field": (
        request(EndpointCfg={}),
        "EndpointCfg: is no field of a request; did you mean 'EndpointConfig'?",
    ),
    "a field in the wrong case": (request(models={}), "models: is no field of a request; did you mean 'Models'?"),
    "an unknown member": (
        request(variant(InstanceTyp="x")),
        (
            "EndpointConfig.ProductionVariants[0].InstanceTyp: is no field of ProductionVariant; "
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
            "EndpointConfig.ProductionVariants[0].InstanceType: 'ml.m5.lrge' is no production variant instance type; "
            "did you mean 'ml.m5.large'?"
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
    "a tag that is no text": (request(Tags={"n": 1}), "Tags.n: must be text, and is a number, 1; quote it"),
    "a reserved tag": (request(Tags={"aws:x": "y"}), "Tags.aws:x: begins with a prefix that is reserved"),
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
        "EndpointConfig.ProductionVariants[0].InstanceType: cannot stand beside ServerlessConfig",
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
        "DeploymentConfig.RollingUpdatePolicy: cannot stand beside BlueGreenUpdatePolicy",
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
        "DeploymentConfig.RollingUpdatePolicy: is neither for serverless endpoints nor for several variants",
    ),
    "a folder without its slash": (
        with_container(
            ModelDataSource={"S3DataSource": {"S3Uri": "s3://b/f", "S3DataType": "S3Prefix", "CompressionType": "None"}}
        ),
        "Models.m.PrimaryContainer.ModelDataSource.S3DataSource.S3Uri: must end in a slash, as S3DataType is S3Prefix",
    ),
    "a package and an image": (
        with_container(ModelPackageName="p", Image="i"),
        "Models.m.PrimaryContainer.Image: cannot stand beside ModelPackageName, which holds it",
    ),
    "two kinds of containers": (
        request(Models={"m": {"PrimaryContainer": {}, "Containers": [{}]}}),
        "Models.m.Containers: cannot stand beside PrimaryContainer; use one of them",
    ),
}


@pytest.mark.parametrize(("document", "line"), REJECTED.values(), ids=REJECTED)
def test_what_is_wrong_is_said_with_its_path(document: dict[str, Any], line: str) -> None:
    """The problem is named, and what to do about it."""
    with pytest.raises(InvalidRequestError) as rejected:
        read_request(document)

    assert line in str(rejected.value)


def test_all_problems_are_said_at_once() -> None:
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


@pytest.mark.parametrize(
    ("document", "names"),
    [
        pytest.param(request(variant()), [("AllTraffic", "model")], id="one variant"),
        pytest.param(request(variant(), Models={"m": {"PrimaryContainer": {}}}), [("AllTraffic", "m")], id="one model"),
        pytest.param(
            request(variant(ModelName="x"), variant(ModelName="y")), [("x", "x"), ("y", "y")], id="several variants"
        ),
    ],
)
def test_names_that_can_be_told_may_be_left_out(document: dict[str, Any], names: list[tuple[str, str]]) -> None:
    """The only variant is AllTraffic, the only model is meant, and several variants are called like their models."""
    config = read_request(document).endpoint_config

    assert config is not None
    assert [(each["VariantName"], each["ModelName"]) for each in config["ProductionVariants"]] == names


def test_a_folder_names_the_endpoint() -> None:
    """A manifest need not repeat the name of its folder, and must not contradict it."""
    assert read_request({}, endpoint_name="churn").endpoint_name == "churn"
    with pytest.raises(
        InvalidRequestError, match="EndpointName: 'other' contradicts where the request comes from, 'churn'"
    ):
        read_request({"EndpointName": "other"}, endpoint_name="churn")


@pytest.mark.parametrize(
    ("allowances", "document", "line"),
    [
        pytest.param(
            Allowances(image_patterns=(f"{REGISTRY}/*",)),
            with_container(Image="docker.io/evil"),
            "Models.m.PrimaryContainer.Image: 'docker.io/evil' is not among what this stack allows",
            id="image",
        ),
        pytest.param(
            Allowances(role_patterns=(ROLE,)),
            request(Models={"m": {"PrimaryContainer": {}, "ExecutionRoleArn": f"{ROLE}-admin"}}),
            f"Models.m.ExecutionRoleArn: '{ROLE}-admin' is not among",
            id="role",
        ),
        pytest.param(
            Allowances(buckets=("data",)),
            with_container(ModelDataUrl="s3://other/model.tar.gz"),
            "Models.m.PrimaryContainer.ModelDataUrl: 'other' is not among",
            id="bucket of model data",
        ),
        pytest.param(
            Allowances(buckets=("data",)),
            with_config(variant(), AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://out/churn"}}),
            "EndpointConfig.AsyncInferenceConfig.OutputConfig.S3OutputPath: 'out' is not among",
            id="bucket of results",
        ),
        pytest.param(
            Allowances(buckets=("data",)),
            with_container(ModelDataUrl="https://data.s3.amazonaws.com/model.tar.gz"),
            "ModelDataUrl: 'https://data.s3.amazonaws.com/model.tar.gz' must begin with s3://",
            id="another way to name a bucket",
        ),
    ],
)
def test_what_the_stack_does_not_allow_is_rejected(allowances: Allowances, document: dict[str, Any], line: str) -> None:
    """Images, roles and buckets are limited by the stack's parameters."""
    with pytest.raises(InvalidRequestError) as rejected:
        read_request(document, allowances=allowances)

    assert line in str(rejected.value)
    assert read_request(document)


def test_newer_values_can_be_let_through() -> None:
    """An instance type that this botocore does not list is SageMaker's to judge, if the stack says so."""
    document = request(variant(InstanceType="ml.m99.large"))

    assert read_request(document, allowances=Allowances(open_enums=True))
    with pytest.raises(InvalidRequestError):
        read_request(document)


def test_the_environment_of_a_container_is_never_repeated() -> None:
    """Values of environment variables may be secret; a problem with one tells its path only."""
    secret = 12345678987654321
    with pytest.raises(InvalidRequestError) as rejected:
        read_request(with_container(Environment={"PASSWORD": secret}))

    assert "Models.m.PrimaryContainer.Environment.PASSWORD" in str(rejected.value)
    assert str(secret) not in str(rejected.value)


@pytest.mark.parametrize(
    "shape_name", [operation_input("CreateModel"), operation_input("CreateEndpointConfig"), "DeploymentConfig"]
)
def test_every_field_of_the_api_can_be_given(shape_name: str) -> None:
    """Whatever botocore's model has is understood, so a new botocore brings its new fields by itself."""
    value = every_member(sagemaker().shape_for(shape_name))

    assert check_shape(shape_name, value, "") == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(["EndpointName", "Models", "EndpointConfig", "DeploymentConfig", "Tags", "Rollback", "x"])
NEARLY = st.dictionaries(FIELDS, JSON | st.just(TWO_MODELS["EndpointConfig"]) | st.just("churn"), max_size=6)
DEEPER = st.fixed_dictionaries(
    {"EndpointName": st.just("churn")},
    optional={
        "Models": st.dictionaries(
            st.text(max_size=6), st.fixed_dictionaries({"PrimaryContainer": JSON}) | JSON, max_size=3
        ),
        "EndpointConfig": st.fixed_dictionaries({"ProductionVariants": st.lists(JSON, max_size=3) | JSON}),
        "DeploymentConfig": st.fixed_dictionaries({"BlueGreenUpdatePolicy": JSON, "RollingUpdatePolicy": JSON}),
    },
)


@settings(max_examples=2000, suppress_health_check=[HealthCheck.too_slow])
@given(document=JSON | NEARLY | DEEPER)
def test_any_json_is_a_request_or_is_rejected(document: object) -> None:
    """There is no third way: every other document names at least one field."""
    try:
        assert isinstance(read_request(document), DeploymentRequest)
    except InvalidRequestError as rejected:
        assert all(": " in line for line in str(rejected).splitlines())  # noqa: PT017 - either is right


@settings(max_examples=500)
@given(text=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_text_is_a_document_or_is_rejected(text: bytes) -> None:
    """No manifest crashes the reader, whatever it holds."""
    try:
        read_manifest(text)
    except InvalidRequestError as rejected:
        assert str(rejected).startswith("deployment.yaml")  # noqa: PT017 - either is right


MANIFESTS = {
    "broken": (b"a: [1, 2\nb: 3", "deployment.yaml, line 2, column 2"),
    "an alias": (b"a: &x 1\nb: *x", "uses an alias"),
    "a key twice": (b"a: 1\na: 2", "has the key 'a' twice"),
    "a key that is no text": (b"1: 2", "has a key that is no text, 1"),
    "not a number": (b"a: .nan", "has .nan, which is no number"),
    "an object": (b"a: !!python/object:os.system 1", "could not determine a constructor"),
    "no UTF-8": (b"a: \xff", "is no UTF-8 text, at byte 3"),
    "too large": (b"#" * 300_000, "has 300000 bytes"),
    "half of a character": (b'a: "\\ud800"', "has half of a character"),
    "too deep": (b"[" * 60 + b"]" * 60, "too deeply nested"),
}


@pytest.mark.parametrize(("text", "said"), MANIFESTS.values(), ids=MANIFESTS)
def test_a_manifest_that_is_no_json_says_where(text: bytes, said: str) -> None:
    """A manifest is YAML that stands for JSON."""
    with pytest.raises(InvalidRequestError, match=r"^deployment\.yaml") as rejected:
        read_manifest(text)

    assert said in str(rejected.value)


def test_what_looks_like_a_date_stays_text() -> None:
    """JSON has no dates, and an empty manifest is an empty request."""
    assert read_manifest(b"a: 2026-11-24") == {"a": "2026-11-24"}
    assert read_manifest(b"# nothing yet") == {}
