"""The adapter of S3 writes an object once, and deletes without leaving versions."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from deployer import errors
from deployer.aws.s3 import Objects
from tests.unit.s3_objects.bucket import BUCKET, put


def test_object_is_written_once(s3: Any, objects: Objects) -> None:
    """The first write stays."""
    assert objects.put_if_absent(BUCKET, "key", b"first")
    assert not objects.put_if_absent(BUCKET, "key", b"second")

    assert objects.read(BUCKET, "key") == b"first"
    assert len(s3.list_object_versions(Bucket=BUCKET)["Versions"]) == 1


def test_write_beside_another_one_is_transient() -> None:
    """S3 answers 409 while another write of the key is under way; the step is repeated, and finds it there."""
    client = boto3.client("s3")
    with Stubber(client) as stub:
        stub.add_client_error("put_object", "ConditionalRequestConflict", "Why.", http_status_code=409)

        with pytest.raises(errors.StorageUnavailableError):
            Objects(client).put_if_absent(BUCKET, "key", b"")


def test_write_to_a_missing_bucket_is_an_error_of_ours(objects: Objects) -> None:
    """No error leaves the adapter that the state machine does not know."""
    with pytest.raises(errors.InvalidRequestError, match="there is no such bucket"):
        objects.put_if_absent("nobody-s-bucket", "key", b"")


def test_deleted_objects_leave_no_version(s3: Any, objects: Objects) -> None:
    """All versions and delete markers of the key go, and nothing of a longer key."""
    put(s3, "a/b", b"old")
    put(s3, "a/b", b"new")
    s3.delete_object(Bucket=BUCKET, Key="a/b")
    kept = put(s3, "a/b/c")

    objects.delete_permanently(BUCKET, "a/b")
    objects.delete_permanently(BUCKET, "a/b")

    left = s3.list_object_versions(Bucket=BUCKET)
    assert [version["VersionId"] for version in left["Versions"]] == [kept]
    assert not left.get("DeleteMarkers")
