"""moto's S3 answers as Amazon S3 does; each test says when a correction is no longer needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from local.virtual_time.s3_corrections import S3Corrections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BUCKET = "artifacts"
SOURCE = {"Bucket": BUCKET, "Key": "source"}
COPY = {"Bucket": BUCKET, "Key": "copy", "CopySource": SOURCE}


@pytest.fixture
def clients() -> Iterator[tuple[Any, Any]]:
    """A client of moto's S3 as it is, and one that is corrected; the bucket is versioned."""
    with mock_aws():
        plain, corrected = boto3.client("s3"), boto3.client("s3")
        S3Corrections(plain).attach(corrected)
        plain.create_bucket(Bucket=BUCKET)
        plain.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        plain.put_object(Bucket=BUCKET, Key="source", Body=b"source")
        yield plain, corrected


def code_of(call: Callable[[], Any]) -> str:
    """Return the code with which a call is refused; nothing if it is answered."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_a_copy_with_if_none_match_overwrites_nothing(clients: tuple[Any, Any]) -> None:
    """CopyObject with `If-None-Match: *`; moto ignores it."""
    plain, corrected = clients
    plain.put_object(Bucket=BUCKET, Key="copy", Body=b"first")

    refused = code_of(lambda: corrected.copy_object(**COPY, IfNoneMatch="*"))
    kept = plain.get_object(Bucket=BUCKET, Key="copy")["Body"].read()
    needed = code_of(lambda: plain.copy_object(**COPY, IfNoneMatch="*"))

    assert (refused, kept) == ("PreconditionFailed", b"first")
    assert needed == "", "moto refuses by itself now"


def test_new_source_is_copied(clients: tuple[Any, Any]) -> None:
    """Where nothing is, or where what was there has been deleted."""
    plain, corrected = clients
    plain.put_object(Bucket=BUCKET, Key="copy", Body=b"first")
    plain.delete_object(Bucket=BUCKET, Key="copy")

    corrected.copy_object(**COPY, IfNoneMatch="*")

    assert plain.get_object(Bucket=BUCKET, Key="copy")["Body"].read() == b"source"


@pytest.mark.parametrize("etag", ["right", "wrong"])
def test_a_copy_is_made_of_the_expected_content(clients: tuple[Any, Any], etag: str) -> None:
    """CopyObject and UploadPartCopy with CopySourceIfMatch, also of an older version; moto ignores it."""
    plain, corrected = clients
    head = plain.head_object(Bucket=BUCKET, Key="source")
    plain.put_object(Bucket=BUCKET, Key="source", Body=b"other")
    pinned = {
        "CopySource": {**SOURCE, "VersionId": head["VersionId"]},
        "CopySourceIfMatch": head["ETag"] if etag == "right" else '"wrong"',
    }
    part = {"Bucket": BUCKET, "Key": "parts", "PartNumber": 1, **pinned}
    part["UploadId"] = plain.create_multipart_upload(Bucket=BUCKET, Key="parts")["UploadId"]

    codes = [
        code_of(lambda: corrected.copy_object(Bucket=BUCKET, Key="copy", **pinned)),
        code_of(lambda: corrected.upload_part_copy(**part)),
    ]
    needed = [
        code_of(lambda: plain.copy_object(Bucket=BUCKET, Key="copy", **pinned)),
        code_of(lambda: plain.upload_part_copy(**part)),
    ]

    assert codes == ["" if etag == "right" else "PreconditionFailed"] * 2
    assert needed == ["", ""], "moto refuses by itself now"


def test_missing_upload_is_reported_as_missing(clients: tuple[Any, Any]) -> None:
    """Another run has completed or aborted it; moto breaks."""
    plain, corrected = clients
    gone = {"Bucket": BUCKET, "Key": "parts", "UploadId": "gone"}
    parts = {"Parts": [{"PartNumber": 1, "ETag": "x"}]}

    codes = [
        code_of(lambda: corrected.upload_part_copy(**gone, PartNumber=1, CopySource=SOURCE)),
        code_of(lambda: corrected.complete_multipart_upload(**gone, MultipartUpload=parts)),
    ]

    assert codes == ["NoSuchUpload"] * 2
    with pytest.raises(KeyError):  # or else moto answers by itself now
        plain.upload_part_copy(**gone, PartNumber=1, CopySource=SOURCE)
    with pytest.raises(KeyError):
        plain.complete_multipart_upload(**gone, MultipartUpload=parts)


def test_moto_does_the_rest_as_s3_does(clients: tuple[Any, Any]) -> None:
    """Further calls that store a revision: conditional writes, copies of versions in parts, listings, deletions."""
    plain, client = clients
    version = plain.head_object(Bucket=BUCKET, Key="source")["VersionId"]
    plain.put_object(Bucket=BUCKET, Key="source", Body=b"other")
    old = {**SOURCE, "VersionId": version}
    upload = {"Bucket": BUCKET, "Key": "parts"}
    upload["UploadId"] = client.create_multipart_upload(**upload)["UploadId"]
    copied = client.upload_part_copy(**upload, PartNumber=1, CopySource=old, CopySourceRange="bytes=0-5")
    parts = {"Parts": [{"PartNumber": 1, "ETag": copied["CopyPartResult"]["ETag"]}]}

    listed = client.list_multipart_uploads(Bucket=BUCKET, Prefix="parts")["Uploads"]
    sizes = [part["Size"] for part in client.list_parts(**upload)["Parts"]]
    client.complete_multipart_upload(**upload, MultipartUpload=parts, IfNoneMatch="*")
    content = client.get_object(Bucket=BUCKET, Key="parts")["Body"].read()
    client.copy_object(Bucket=BUCKET, Key="copy", CopySource=old)
    whole = client.get_object(Bucket=BUCKET, Key="copy")["Body"].read()
    again = code_of(lambda: client.put_object(Bucket=BUCKET, Key="copy", Body=b"x", IfNoneMatch="*"))
    missing = code_of(lambda: client.copy_object(**{**COPY, "CopySource": {**SOURCE, "VersionId": "none"}}))
    client.delete_object(Bucket=BUCKET, Key="source", VersionId=version)
    left = [each["IsLatest"] for each in client.list_object_versions(Bucket=BUCKET, Prefix="source")["Versions"]]

    assert [each["UploadId"] for each in listed] == [upload["UploadId"]]
    assert sizes == [6]
    assert (content, whole) == (b"source", b"source")
    assert (again, missing) == ("PreconditionFailed", "NoSuchVersion")
    assert left == [True]


def test_a_conditional_completion_overwrites_nothing(clients: tuple[Any, Any]) -> None:
    """Another run has made the copy meanwhile; the parts stay until the upload is aborted."""
    plain, client = clients
    upload = {"Bucket": BUCKET, "Key": "parts"}
    upload["UploadId"] = client.create_multipart_upload(**upload)["UploadId"]
    copied = client.upload_part_copy(**upload, PartNumber=1, CopySource=SOURCE)
    parts = {"Parts": [{"PartNumber": 1, "ETag": copied["CopyPartResult"]["ETag"]}]}
    plain.put_object(Bucket=BUCKET, Key="parts", Body=b"first")

    refused = code_of(lambda: client.complete_multipart_upload(**upload, MultipartUpload=parts, IfNoneMatch="*"))

    assert refused == "PreconditionFailed"
    assert plain.get_object(Bucket=BUCKET, Key="parts")["Body"].read() == b"first"
    assert len(client.list_parts(**upload)["Parts"]) == 1
