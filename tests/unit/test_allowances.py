"""What a stack lets requests name: images, execution roles, buckets, KMS keys and instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.aws.s3_objects import parse_uri
from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.request.allowances import Allowances
from deployer.request.model import read_request
from deployer.request.service_model import check_shape, operation_input, sagemaker
from tests.unit.request_samples import (
    REGISTRY,
    ROLE,
    request,
    serverless,
    variant,
    with_config,
    with_container,
    with_smoke_test,
)
from tests.unit.service_values import every_member

if TYPE_CHECKING:
    from collections.abc import Iterator


KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ALLOWED = Allowances(
    image_patterns=(f"{REGISTRY}/*",),
    role_patterns=(ROLE,),
    buckets=("data", "lake-*"),
    kms_keys=(KEY,),
    instance_patterns=("ml.m5.*",),
    most_instances=4,
)
IMAGE = f"{REGISTRY}/churn:1"


def said_of(document: Document, allowances: Allowances = ALLOWED) -> list[str]:
    """Return what is said of a request that would be right without the stack's limits."""
    assert read_request(document)
    try:
        read_request(document, allowances=allowances)
    except InvalidRequestError as rejected:
        return str(rejected).splitlines()
    return []


def source(uri: str, **more: Any) -> Document:
    """Build a source of model data."""
    return {"S3DataSource": {"S3Uri": uri, "S3DataType": "S3Object", "CompressionType": "Gzip", **more}}


def with_outputs(**paths: str) -> Document:
    """Build a request for an asynchronous endpoint."""
    return with_config(variant(), AsyncInferenceConfig={"OutputConfig": paths})


def with_model(**model: Any) -> Document:
    """Build a request of one model."""
    return request(Models={"m": {"PrimaryContainer": {}, **model}})


LET_THROUGH = {
    "what the stack fills in": request(),
    "an image": with_container(Image=IMAGE),
    "an image by its digest": with_container(Image=f"{REGISTRY}/churn@sha256:{'0' * 64}"),
    "a role": with_model(ExecutionRoleArn=ROLE),
    "a bucket": with_container(ModelDataUrl="s3://data/m.tar.gz"),
    "a whole bucket": with_container(ModelDataUrl="s3://data", Mode="MultiModel"),
    "a bucket by its pattern": with_container(ModelDataUrl="s3://lake-1/m.tar.gz"),
    "a folder that looks like a way out": with_container(ModelDataUrl="s3://data/../other/m.tar.gz"),
    "a bucket to write to": with_outputs(S3OutputPath="s3://data/out", S3FailurePath="s3://lake-1/failed"),
    "a key": with_config(variant(), KmsKeyId=KEY),
    "a key by its id": with_config(variant(), KmsKeyId=KEY.rpartition("/")[2]),
    "instances": request(variant(InitialInstanceCount=4)),
    "serverless": request(serverless()),
    "a body": with_smoke_test(Body=None, BodyS3Uri="s3://data/body.csv"),
    "an environment of addresses": with_container(
        Environment={"A": "s3://other/x", "Image": "docker.io/evil", "B": "https://other.s3.amazonaws.com/x"}
    ),
    "tags of addresses": with_model(
        Tags=[{"Key": "data", "Value": "s3://other/x"}, {"Key": "wiki", "Value": "https://wiki.example.com/churn"}]
    ),
}


@pytest.mark.parametrize("document", LET_THROUGH.values(), ids=LET_THROUGH)
def test_what_the_stack_allows_is_let_through(document: Document) -> None:
    """Patterns hold for a whole name, and what is no name of an image, a role or a bucket is not looked at."""
    assert said_of(document) == []


CONTAINER = "Models.m.PrimaryContainer"

HELD_BACK = {
    "another image": (with_container(Image="docker.io/evil"), f"{CONTAINER}.Image: 'docker.io/evil' is not among"),
    "an image that ends like an allowed one": (
        with_container(Image=f"docker.io/{REGISTRY}/churn:1"),
        f"{CONTAINER}.Image: 'docker.io/{REGISTRY}/churn:1' is not among",
    ),
    "an image that begins like an allowed one": (
        with_container(Image=f"{REGISTRY}.evil.example/churn:1"),
        f"{CONTAINER}.Image: '{REGISTRY}.evil.example/churn:1' is not among",
    ),
    "an image in another case": (
        with_container(Image=IMAGE.upper()),
        f"{CONTAINER}.Image: '{IMAGE.upper()}' is not among",
    ),
    "an image of the second container": (
        request(Models={"m": {"Containers": [{"Image": IMAGE}, {"Image": "docker.io/evil"}]}}),
        "Models.m.Containers[1].Image: 'docker.io/evil' is not among",
    ),
    "another role": (
        with_model(ExecutionRoleArn=f"{ROLE}-admin"),
        f"Models.m.ExecutionRoleArn: '{ROLE}-admin' is not among what this stack allows; see its parameter AllowedRole",
    ),
    "a role of another path": (
        with_model(ExecutionRoleArn=ROLE.replace("role/", "role/x/")),
        "Models.m.ExecutionRoleArn: ",
    ),
    "another role of an endpoint config": (
        with_config({"VariantName": "A", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1})
        | {
            "Models": {},
            "EndpointConfig": {"ExecutionRoleArn": f"{ROLE}-admin", "ProductionVariants": [variant(VariantName="A")]},
        },
        f"EndpointConfig.ExecutionRoleArn: '{ROLE}-admin' is not among",
    ),
    "another bucket": (
        with_container(ModelDataUrl="s3://other/m.tar.gz"),
        f"{CONTAINER}.ModelDataUrl: 'other' is not among what this stack allows; see its parameter AllowedBucketArns",
    ),
    "a bucket in another case": (
        with_container(ModelDataUrl="s3://Data/m.tar.gz"),
        f"{CONTAINER}.ModelDataUrl: 'Data' is not among",
    ),
    "a bucket whose name begins like an allowed one": (
        with_container(ModelDataUrl="s3://data.evil/m.tar.gz"),
        f"{CONTAINER}.ModelDataUrl: 'data.evil' is not among",
    ),
    "a bucket behind an allowed user": (
        with_container(ModelDataUrl="s3://data@other/m.tar.gz"),
        f"{CONTAINER}.ModelDataUrl: 'data@other' is not among",
    ),
    "a bucket with a port": (
        with_container(ModelDataUrl="s3://data:443/m.tar.gz"),
        f"{CONTAINER}.ModelDataUrl: 'data:443' is not among",
    ),
    "a bucket before a question": (
        with_container(ModelDataUrl="s3://other?/data/m.tar.gz"),
        f"{CONTAINER}.ModelDataUrl: 'other?' is not among",
    ),
    "an encoded bucket": (
        with_container(ModelDataUrl="s3://dat%61/m.tar.gz"),
        f"{CONTAINER}.ModelDataUrl: 'dat%61' is not among",
    ),
    "an access point": (
        with_container(ModelDataUrl="s3://arn:aws:s3:us-east-1:111122223333:accesspoint/data/m.tar.gz"),
        f"{CONTAINER}.ModelDataUrl: 'arn:aws:s3:us-east-1:111122223333:accesspoint' is not among",
    ),
    "the address of a bucket": (
        with_container(ModelDataUrl="https://data.s3.amazonaws.com/m.tar.gz"),
        f"{CONTAINER}.ModelDataUrl: 'https://data.s3.amazonaws.com/m.tar.gz' must begin with s3://",
    ),
    "another source": (
        with_container(ModelDataSource=source("s3://other/m.tar.gz")),
        f"{CONTAINER}.ModelDataSource.S3DataSource.S3Uri: 'other' is not among",
    ),
    "another list of sources": (
        with_container(ModelDataSource=source("s3://data/m.tar.gz", ManifestS3Uri="s3://other/list")),
        f"{CONTAINER}.ModelDataSource.S3DataSource.ManifestS3Uri: 'other' is not among",
    ),
    "the address of a list of sources": (
        with_container(ModelDataSource=source("s3://data/m.tar.gz", ManifestS3Uri="https://other.example/list")),
        f"{CONTAINER}.ModelDataSource.S3DataSource.ManifestS3Uri: 'https://other.example/list' must begin with s3://",
    ),
    "one source more": (
        with_container(AdditionalModelDataSources=[{"ChannelName": "c", **source("s3://other/m.tar.gz")}]),
        f"{CONTAINER}.AdditionalModelDataSources[0].S3DataSource.S3Uri: 'other' is not among",
    ),
    "another bucket to write to": (
        with_outputs(S3OutputPath="s3://other/out"),
        "EndpointConfig.AsyncInferenceConfig.OutputConfig.S3OutputPath: 'other' is not among",
    ),
    "an address to write to": (
        with_outputs(S3OutputPath="s3://data/out", S3FailurePath="https://other.example/failed"),
        "EndpointConfig.AsyncInferenceConfig.OutputConfig.S3FailurePath: 'https://other.example/failed' must begin",
    ),
    "another key": (
        with_config(variant(), KmsKeyId="arn:aws:kms:us-east-1:111122223333:key/other"),
        (
            "EndpointConfig.KmsKeyId: 'arn:aws:kms:us-east-1:111122223333:key/other' is not among what this stack "
            "allows; see its parameter AllowedKmsKeyArns: name one of them by its ARN"
        ),
    ),
    "another key by its id": (with_config(variant(), KmsKeyId="4321"), "EndpointConfig.KmsKeyId: '4321' is not among"),
    "a key by its alias": (
        with_config(variant(), KmsKeyId="alias/k"),
        "EndpointConfig.KmsKeyId: 'alias/k' is not among",
    ),
    "another key of what answers later": (
        with_config(
            variant(),
            AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://data/out", "KmsKeyId": "4321"}},
        ),
        "EndpointConfig.AsyncInferenceConfig.OutputConfig.KmsKeyId: '4321' is not among",
    ),
    "another key of captured data": (
        with_config(
            variant(),
            DataCaptureConfig={
                "InitialSamplingPercentage": 1,
                "DestinationS3Uri": "s3://data/p",
                "CaptureOptions": [{"CaptureMode": "Input"}],
                "KmsKeyId": "4321",
            },
        ),
        "EndpointConfig.DataCaptureConfig.KmsKeyId: '4321' is not among",
    ),
    "another instance type": (
        request(variant(InstanceType="ml.p5.48xlarge")),
        (
            "EndpointConfig.ProductionVariants[0].InstanceType: 'ml.p5.48xlarge' is not among what this stack allows; "
            "see its parameter AllowedInstanceTypes"
        ),
    ),
    "another instance type of a pool": (
        request({"InstancePools": [{"InstanceType": "ml.p5.48xlarge", "Priority": 1}]}),
        "EndpointConfig.ProductionVariants[0].InstancePools[0].InstanceType: 'ml.p5.48xlarge' is not among",
    ),
    "too many instances": (
        request(variant(ModelName="x", InitialInstanceCount=3), variant(ModelName="y", InitialInstanceCount=2)),
        (
            "EndpointConfig: orders 5 instances, and this stack allows 4 for an endpoint; see its parameter "
            "MaxInstanceCount"
        ),
    ),
    "too many instances by scaling": (
        request(
            EndpointConfig={
                "ExecutionRoleArn": ROLE,
                "ProductionVariants": [variant(ManagedInstanceScaling={"MaxInstanceCount": 5})],
            }
        ),
        "EndpointConfig: orders 5 instances, and this stack allows 4",
    ),
    "another bucket of a body": (
        with_smoke_test(Body=None, BodyS3Uri="s3://other/body.csv"),
        "SmokeTest.BodyS3Uri: 'other' is not among",
    ),
    "a body behind an allowed user": (
        with_smoke_test(Body=None, BodyS3Uri="s3://data@other/body.csv"),
        "SmokeTest.BodyS3Uri: 'data@other' is not among",
    ),
    "a model that is called like a field": (
        request(Models={"Environment": {"PrimaryContainer": {"Image": "docker.io/evil"}}}),
        "Models.Environment.PrimaryContainer.Image: 'docker.io/evil' is not among",
    ),
    "a model that is called like another field": (
        request(Models={"Tags": {"PrimaryContainer": {"ModelDataUrl": "s3://other/m.tar.gz"}}}),
        "Models.Tags.PrimaryContainer.ModelDataUrl: 'other' is not among",
    ),
}


@pytest.mark.parametrize(("document", "said"), HELD_BACK.values(), ids=HELD_BACK)
def test_what_the_stack_does_not_allow_is_held_back(document: Document, said: str) -> None:
    """However it is written, it is named with its path and with the parameter that would allow it."""
    (line,) = said_of(document)

    assert line.startswith(said)


@pytest.mark.parametrize("document", [document for document, _ in HELD_BACK.values()], ids=HELD_BACK)
def test_a_stack_without_limits_allows_everything(document: Document) -> None:
    """Empty parameters are no limits."""
    assert said_of(document, Allowances()) == []


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("S3://other/m", "'S3://other/m' must begin with s3://"),
        ("S3://data/m", "'S3://data/m' must begin with s3://"),
        ("s3a://data/m", "'s3a://data/m' must begin with s3://"),
        ("http://data/m", "'http://data/m' must begin with s3://"),
        ("s3:///m", "'' is not among"),
    ],
)
def test_another_scheme_is_none_that_is_allowed(uri: str, said: str) -> None:
    """SageMaker's own patterns refuse these already; should it loosen them, they are held back all the same."""
    document = {"Models": {"m": {"PrimaryContainer": {"ModelDataUrl": uri}}}}

    (problem,) = ALLOWED.broken(document)

    assert said in problem.message


def places(value: object, path: str = "") -> Iterator[tuple[str, Document | list[Any], Any]]:
    """Yield every text in a document by its path, with what holds it and where."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        below = f"{path}.{key}" if isinstance(key, str) else f"{path}[]"
        if isinstance(entry, str):
            yield below, value, key  # type: ignore[misc]
        yield from places(entry, below)


FREE_TEXTS = (".Environment.Key", ".Tags[].Key", ".Tags[].Value")


@pytest.mark.parametrize("kind", ["Model", "EndpointConfig"])
@pytest.mark.parametrize("uri", ["s3://other/x", "https://other.example/x"])
def test_no_field_of_the_api_slips_through(kind: str, uri: str) -> None:
    """Whichever field can hold the address of a bucket, by botocore's model, is held back; so are new ones."""
    shape = operation_input(f"Create{kind}")
    document = every_member(sagemaker().shape_for(shape))
    slipped = set()

    for path, holder, key in list(places(document)):
        before, holder[key] = holder[key], uri
        whole = {"Models": {"m": document}} if kind == "Model" else {"EndpointConfig": document}
        if not check_shape(shape, document, "") and not is_held_back(whole, uri):
            slipped.add(path)
        holder[key] = before

    assert {path for path in slipped if not path.endswith(FREE_TEXTS)} == set()


def is_held_back(document: Document, uri: str) -> bool:
    """Return whether a document is held back because of one address."""
    return any(uri in problem.message or "'other'" in problem.message for problem in ALLOWED.broken(document))


@given(bucket=st.text(st.characters(codec="utf-8", exclude_characters="/"), max_size=12), key=st.text(max_size=12))
def test_what_is_checked_is_what_is_read(bucket: str, key: str) -> None:
    """The bucket that is compared with the allowed ones is the one that the deployer reads from."""
    uri = f"s3://{bucket}/{key}"

    problems = list(Allowances(buckets=("data",)).broken({"SmokeTest": {"BodyS3Uri": uri}}))

    assert parse_uri(uri) == (bucket, key)
    assert (not problems) == (bucket == "data")


@given(name=st.text(max_size=20))
def test_only_the_whole_name_counts(name: str) -> None:
    """No text around an allowed name makes another one allowed, and no text is a pattern by itself."""
    document = {"Models": {"m": {"PrimaryContainer": {"Image": f"{name}churn"}, "ExecutionRoleArn": f"{ROLE}{name}"}}}

    problems = list(Allowances(image_patterns=("churn",), role_patterns=(ROLE,)).broken(document))

    assert len(problems) == (2 if name else 0)


def test_stack_without_keys_allows_none() -> None:
    """The functions have rights on the keys of the parameter only."""
    document = with_config(variant(), KmsKeyId=KEY)

    (line,) = said_of(document, Allowances(kms_keys=()))

    assert line == (
        f"EndpointConfig.KmsKeyId: '{KEY}' is not among what this stack allows; see its parameter AllowedKmsKeyArns: "
        "it allows none, so leave the field out"
    )


@given(key=st.text(st.characters(codec="ascii", categories=["L", "N"]), max_size=12))
def test_id_of_a_key_is_compared_with_the_whole_id(key: str) -> None:
    document = {"EndpointConfig": {"KmsKeyId": key}}

    problems = list(Allowances(kms_keys=("arn:aws:kms:us-east-1:111122223333:key/abc",)).broken(document))

    assert (not problems) == (key == "abc")


def test_every_key_of_one_account_can_be_allowed() -> None:
    allowances = Allowances(kms_keys=("arn:aws:kms:us-east-1:111122223333:key/*",))

    assert said_of(with_config(variant(), KmsKeyId=KEY), allowances) == []
    assert said_of(with_config(variant(), KmsKeyId=KEY.replace("1111", "9999")), allowances) != []
