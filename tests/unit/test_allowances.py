"""What a stack lets requests name, and what it holds back: images, execution roles, buckets, KMS keys and instances."""

from __future__ import annotations

import pytest

from deployer.json_document import Document
from tests.unit.allowance_samples import HELD_BACK, IMAGE, KEY, said_of, with_model, with_outputs
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
def test_allowed_names_are_accepted(document: Document) -> None:
    """Patterns hold for a whole name, and what is no name of an image, a role or a bucket is not looked at."""
    assert said_of(document) == []


@pytest.mark.parametrize(("document", "said"), HELD_BACK.values(), ids=HELD_BACK)
def test_names_that_are_not_allowed_are_rejected(document: Document, said: str) -> None:
    """The problem has the path, and the parameter that would allow the name, in any spelling of it."""
    (line,) = said_of(document)

    assert line.startswith(said)
