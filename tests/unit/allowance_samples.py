"""A stack that limits what requests may name, and what its check says."""

from __future__ import annotations

from typing import Any

from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.request.allowances import Allowances
from deployer.request.model import read_request
from tests.unit.request_samples import (
    REGISTRY,
    ROLE,
    request,
    variant,
    with_config,
    with_container,
    with_smoke_test,
)

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


CONTAINER = "Models.m.PrimaryContainer"
HELD_BACK = {
    "another image": (with_container(Image="docker.io/evil"), f"{CONTAINER}.Image: 'docker.io/evil' is not allowed"),
    "an image that ends like an allowed one": (
        with_container(Image=f"docker.io/{REGISTRY}/churn:1"),
        f"{CONTAINER}.Image: 'docker.io/{REGISTRY}/churn:1' is not allowed",
    ),
    "an image that begins like an allowed one": (
        with_container(Image=f"{REGISTRY}.evil.example/churn:1"),
        f"{CONTAINER}.Image: '{REGISTRY}.evil.example/churn:1' is not allowed",
    ),
    "an image in another case": (
        with_container(Image=IMAGE.upper()),
        f"{CONTAINER}.Image: '{IMAGE.upper()}' is not allowed",
    ),
    "an image of the second container": (
        request(Models={"m": {"Containers": [{"Image": IMAGE}, {"Image": "docker.io/evil"}]}}),
        "Models.m.Containers[1].Image: 'docker.io/evil' is not allowed",
    ),
    "another role": (
        with_model(ExecutionRoleArn=f"{ROLE}-admin"),
        f"Models.m.ExecutionRoleArn: '{ROLE}-admin' is not allowed by this stack; see its parameter AllowedRole",
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
        f"EndpointConfig.ExecutionRoleArn: '{ROLE}-admin' is not allowed",
    ),
    "another bucket": (
        with_container(ModelDataUrl="s3://other/m.tar.gz"),
        f"{CONTAINER}.ModelDataUrl: 'other' is not allowed by this stack; see its parameter AllowedBucketArns",
    ),
    "a bucket in another case": (
        with_container(ModelDataUrl="s3://Data/m.tar.gz"),
        f"{CONTAINER}.ModelDataUrl: 'Data' is not allowed",
    ),
    "a bucket whose name begins like an allowed one": (
        with_container(ModelDataUrl="s3://data.evil/m.tar.gz"),
        f"{CONTAINER}.ModelDataUrl: 'data.evil' is not allowed",
    ),
    "a bucket behind an allowed user": (
        with_container(ModelDataUrl="s3://data@other/m.tar.gz"),
        f"{CONTAINER}.ModelDataUrl: 'data@other' is not allowed",
    ),
    "a bucket with a port": (
        with_container(ModelDataUrl="s3://data:443/m.tar.gz"),
        f"{CONTAINER}.ModelDataUrl: 'data:443' is not allowed",
    ),
    "a bucket before a question": (
        with_container(ModelDataUrl="s3://other?/data/m.tar.gz"),
        f"{CONTAINER}.ModelDataUrl: 'other?' is not allowed",
    ),
    "an encoded bucket": (
        with_container(ModelDataUrl="s3://dat%61/m.tar.gz"),
        f"{CONTAINER}.ModelDataUrl: 'dat%61' is not allowed",
    ),
    "an access point": (
        with_container(ModelDataUrl="s3://arn:aws:s3:us-east-1:111122223333:accesspoint/data/m.tar.gz"),
        f"{CONTAINER}.ModelDataUrl: 'arn:aws:s3:us-east-1:111122223333:accesspoint' is not allowed",
    ),
    "the address of a bucket": (
        with_container(ModelDataUrl="https://data.s3.amazonaws.com/m.tar.gz"),
        f"{CONTAINER}.ModelDataUrl: 'https://data.s3.amazonaws.com/m.tar.gz' must begin with s3://",
    ),
    "another source": (
        with_container(ModelDataSource=source("s3://other/m.tar.gz")),
        f"{CONTAINER}.ModelDataSource.S3DataSource.S3Uri: 'other' is not allowed",
    ),
    "another list of sources": (
        with_container(ModelDataSource=source("s3://data/m.tar.gz", ManifestS3Uri="s3://other/list")),
        f"{CONTAINER}.ModelDataSource.S3DataSource.ManifestS3Uri: 'other' is not allowed",
    ),
    "the address of a list of sources": (
        with_container(ModelDataSource=source("s3://data/m.tar.gz", ManifestS3Uri="https://other.example/list")),
        f"{CONTAINER}.ModelDataSource.S3DataSource.ManifestS3Uri: 'https://other.example/list' must begin with s3://",
    ),
    "one source more": (
        with_container(AdditionalModelDataSources=[{"ChannelName": "c", **source("s3://other/m.tar.gz")}]),
        f"{CONTAINER}.AdditionalModelDataSources[0].S3DataSource.S3Uri: 'other' is not allowed",
    ),
    "another bucket to write to": (
        with_outputs(S3OutputPath="s3://other/out"),
        "EndpointConfig.AsyncInferenceConfig.OutputConfig.S3OutputPath: 'other' is not allowed",
    ),
    "an address to write to": (
        with_outputs(S3OutputPath="s3://data/out", S3FailurePath="https://other.example/failed"),
        "EndpointConfig.AsyncInferenceConfig.OutputConfig.S3FailurePath: 'https://other.example/failed' must begin",
    ),
    "another key": (
        with_config(variant(), KmsKeyId="arn:aws:kms:us-east-1:111122223333:key/other"),
        (
            "EndpointConfig.KmsKeyId: 'arn:aws:kms:us-east-1:111122223333:key/other' is not allowed by this "
            "stack; see its parameter AllowedKmsKeyArns: name one of them by its ARN"
        ),
    ),
    "another key by its id": (
        with_config(variant(), KmsKeyId="4321"),
        "EndpointConfig.KmsKeyId: '4321' is not allowed",
    ),
    "a key by its alias": (
        with_config(variant(), KmsKeyId="alias/k"),
        "EndpointConfig.KmsKeyId: 'alias/k' is not allowed",
    ),
    "another key of what answers later": (
        with_config(
            variant(),
            AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://data/out", "KmsKeyId": "4321"}},
        ),
        "EndpointConfig.AsyncInferenceConfig.OutputConfig.KmsKeyId: '4321' is not allowed",
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
        "EndpointConfig.DataCaptureConfig.KmsKeyId: '4321' is not allowed",
    ),
    "another instance type": (
        request(variant(InstanceType="ml.p5.48xlarge")),
        (
            "EndpointConfig.ProductionVariants[0].InstanceType: 'ml.p5.48xlarge' is not allowed by this stack; "
            "see its parameter AllowedInstanceTypes"
        ),
    ),
    "another instance type of a pool": (
        request({"InstancePools": [{"InstanceType": "ml.p5.48xlarge", "Priority": 1}]}),
        "EndpointConfig.ProductionVariants[0].InstancePools[0].InstanceType: 'ml.p5.48xlarge' is not allowed",
    ),
    "too many instances": (
        request(variant(ModelName="x", InitialInstanceCount=3), variant(ModelName="y", InitialInstanceCount=2)),
        (
            "EndpointConfig: asks for 5 instances, and this stack allows 4 for an endpoint; see its parameter "
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
        "EndpointConfig: asks for 5 instances, and this stack allows 4",
    ),
    "another bucket of a body": (
        with_smoke_test(Body=None, BodyS3Uri="s3://other/body.csv"),
        "SmokeTest.BodyS3Uri: 'other' is not allowed",
    ),
    "a body behind an allowed user": (
        with_smoke_test(Body=None, BodyS3Uri="s3://data@other/body.csv"),
        "SmokeTest.BodyS3Uri: 'data@other' is not allowed",
    ),
    "a model that is called like a field": (
        request(Models={"Environment": {"PrimaryContainer": {"Image": "docker.io/evil"}}}),
        "Models.Environment.PrimaryContainer.Image: 'docker.io/evil' is not allowed",
    ),
    "a model that is called like another field": (
        request(Models={"Tags": {"PrimaryContainer": {"ModelDataUrl": "s3://other/m.tar.gz"}}}),
        "Models.Tags.PrimaryContainer.ModelDataUrl: 'other' is not allowed",
    ),
}
