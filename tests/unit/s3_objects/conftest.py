"""The adapter of S3 on a bucket with versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from deployer.aws.s3 import Objects
from tests.unit.s3_objects.bucket import BUCKET

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def s3() -> Iterator[Any]:
    """A client of a versioned, empty bucket."""
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture
def objects(s3: Any) -> Objects:
    """The adapter of that bucket."""
    return Objects(s3)
