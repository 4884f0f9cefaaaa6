"""Buckets with an uploaded artifact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from deployer.aws.s3_objects import Artifact
from tests.unit.model_data.resolution import BUCKET, ELSEWHERE, UPLOAD, put

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def s3() -> Iterator[Any]:
    """A client of the artifact bucket and another one, both versioned."""
    with mock_aws():
        client = boto3.client("s3")
        for bucket in (BUCKET, ELSEWHERE):
            client.create_bucket(Bucket=bucket)
            client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture
def artifact(s3: Any) -> Artifact:
    """The uploaded artifact."""
    return Artifact(BUCKET, UPLOAD, put(s3, f"s3://{BUCKET}/{UPLOAD}", b"bytes"), 5)
