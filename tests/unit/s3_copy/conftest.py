"""A bucket with an object to copy, and a client that copies it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from moto.s3.exceptions import NoSuchUpload, PreconditionFailed
from moto.s3.models import S3Backend
from moto.s3.responses import S3Response

from deployer.aws import s3_copy
from deployer.aws.s3_copy import COPY_CONFIG
from deployer.aws.s3_objects import Artifact
from tests.unit.s3_copy.objects import BUCKET, CONTENT, KEY, SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of two versioned, empty buckets, where parts may be small."""
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)
    with mock_aws():
        client = boto3.client("s3")
        for bucket in (BUCKET, SOURCE):
            client.create_bucket(Bucket=bucket)
            client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture
def client(s3: Any, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ARG001 - its buckets
    """The client that copies, with two refusals that moto lacks: of overwriting CopyObjects, and of missing uploads."""
    copy_object, upload_part_copy = S3Response.copy_object, S3Backend.upload_part_copy

    def copy_if_absent(self: Any) -> Any:
        if self.headers.get("If-None-Match") == "*" and self.backend.get_object(
            self.bucket_name, self.parse_key_name()
        ):
            raise PreconditionFailed("If-None-Match")
        return copy_object(self)

    def copy_to_upload(self: Any, bucket: str, upload_id: str, *args: Any, **options: Any) -> Any:
        if upload_id not in self.get_bucket(bucket).multiparts:
            raise NoSuchUpload(upload_id=upload_id)
        return upload_part_copy(self, bucket, upload_id, *args, **options)

    monkeypatch.setattr(s3_copy, "WORKERS", 1)
    monkeypatch.setattr(S3Response, "copy_object", copy_if_absent)
    monkeypatch.setattr(S3Backend, "upload_part_copy", copy_to_upload)
    return boto3.client("s3", config=COPY_CONFIG)


@pytest.fixture
def source(s3: Any) -> Artifact:
    """An object that has been overwritten since."""
    version = s3.put_object(Bucket=SOURCE, Key=KEY, Body=CONTENT, ContentType="application/x-tar")["VersionId"]
    s3.put_object(Bucket=SOURCE, Key=KEY, Body=b"other bytes")
    return Artifact(SOURCE, KEY, version, len(CONTENT))
