"""A copy in S3 is of one exact version, complete, and never overwrites another object."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber
from hypothesis import given
from hypothesis import strategies as st

from deployer import errors
from deployer.aws.s3_copy import COPY_CONFIG, PART_BYTES, Copier
from deployer.aws.s3_objects import Artifact, split
from deployer.json_document import Document
from tests.unit.s3_copy.objects import (
    BUCKET,
    CONTENT,
    KEY,
    NEVER,
    SOURCE,
    TARGET,
    counted,
    in_parts,
    on_call,
    stored,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Callable


MIB, GIB, TIB = 1024**2, 1024**3, 1024**4


@given(st.integers(0, 48 * TIB), st.sampled_from([PART_BYTES, 5 * MIB]))
def test_parts_cover_the_object_exactly(size: int, smallest: int) -> None:
    """They are without gaps and overlaps, and within S3's limits of count and size."""
    parts = split(size, smallest)

    assert [*parts] == list(range(1, len(parts) + 1))
    assert sum(map(len, parts.values())) == size
    assert all(before.stop == after.start for before, after in pairwise(parts.values()))
    assert len(parts) <= 10_000
    assert all(5 * MIB <= len(part) <= 5 * GIB for part in [*parts.values()][:-1])
    assert all(0 < len(part) <= 5 * GIB for part in parts.values())


@given(st.binary(max_size=40), st.integers(1, 40))
def test_parts_join_to_the_object(content: bytes, smallest: int) -> None:
    """The ranges, joined in the order of their numbers, are the object."""
    parts = split(len(content), smallest).values()

    assert b"".join(content[part.start : part.stop] for part in parts) == content


@pytest.mark.parametrize("copier", [whole, in_parts])
@pytest.mark.parametrize("content", [CONTENT, b"x"])
def test_named_version_of_an_overwritten_object_is_copied(
    s3: Any, client: Any, copier: Callable[[Any], Copier], content: bytes
) -> None:
    """The source's key holds other bytes by now."""
    version = s3.put_object(Bucket=SOURCE, Key=KEY, Body=content)["VersionId"]
    s3.put_object(Bucket=SOURCE, Key=KEY, Body=b"other bytes")
    artifact = Artifact(SOURCE, KEY, version, len(content))

    assert copier(client).copy_all([(artifact, TARGET)], NEVER) == [artifact]
    assert stored(s3) == content


def test_object_of_no_bytes_is_copied(s3: Any, client: Any) -> None:
    """It has no parts, and is copied in one call."""
    version = s3.put_object(Bucket=SOURCE, Key=KEY, Body=b"")["VersionId"]
    empty = Artifact(SOURCE, KEY, version, 0)

    assert in_parts(client).copy_all([(empty, TARGET)], NEVER) == [empty]
    assert stored(s3) == b""


@pytest.mark.parametrize("copier", [whole, in_parts])
def test_second_copy_copies_nothing(s3: Any, client: Any, source: Artifact, copier: Callable[[Any], Copier]) -> None:
    """A copy of the right size is left alone, also if its source is gone."""
    copier(client).copy_all([(source, TARGET)], NEVER)
    s3.delete_object(Bucket=SOURCE, Key=KEY, VersionId=source.version)
    calls = [counted(client, operation) for operation in ("CopyObject", "CreateMultipartUpload", "UploadPartCopy")]

    assert copier(client).copy_all([(source, TARGET)], NEVER) == []
    assert calls == [[], [], []]
    assert stored(s3) == CONTENT


@pytest.mark.parametrize("copier", [whole, in_parts])
def test_foreign_object_at_the_target_is_refused(
    s3: Any, client: Any, source: Artifact, copier: Callable[[Any], Copier]
) -> None:
    """Nothing is overwritten; the message says what to do."""
    s3.put_object(Bucket=BUCKET, Key=TARGET, Body=b"foreign")

    with pytest.raises(errors.InvalidRequestError, match=r"has 7 bytes, and the 103 of s3://data/.* delete it"):
        copier(client).copy_all([(source, TARGET)], NEVER)

    assert stored(s3) == b"foreign"


@pytest.mark.parametrize("copier", [whole, in_parts])
def test_missing_version_ends_the_copy(s3: Any, client: Any, source: Artifact, copier: Callable[[Any], Copier]) -> None:
    """The newer version under the same key takes no part in it."""
    s3.delete_object(Bucket=SOURCE, Key=KEY, VersionId=source.version)

    with pytest.raises(errors.ArtifactMissingError, match=f"the version {source.version} is gone"):
        copier(client).copy_all([(source, TARGET)], NEVER)


@pytest.mark.parametrize("copier", [whole, in_parts])
def test_version_that_disappears_meanwhile_ends_the_copy(
    s3: Any, client: Any, source: Artifact, copier: Callable[[Any], Copier]
) -> None:
    """An upload that is deleted during the copy is a permanent error."""
    for operation in ("CopyObject", "UploadPartCopy"):
        on_call(client, operation, lambda _: s3.delete_object(Bucket=SOURCE, Key=KEY, VersionId=source.version))

    with pytest.raises(errors.ArtifactMissingError):
        copier(client).copy_all([(source, TARGET)], NEVER)


@pytest.mark.parametrize("copier", [whole, in_parts])
def test_metadata_are_kept(s3: Any, client: Any, source: Artifact, copier: Callable[[Any], Copier]) -> None:
    """The copy has the media type of its source."""
    copier(client).copy_all([(source, TARGET)], NEVER)

    assert s3.head_object(Bucket=BUCKET, Key=TARGET)["ContentType"] == "application/x-tar"


KMS_KEY = "arn:aws:kms:us-east-1:111122223333:key/12345678-1234-1234-1234-123456789012"
KMS = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": KMS_KEY, "BucketKeyEnabled": True}


@pytest.mark.parametrize(
    ("encryption", "kept"),
    [({}, {}), ({"ServerSideEncryption": "AES256"}, {}), (KMS, KMS)],
    ids=["none", "of S3", "KMS"],
)
def test_copy_is_encrypted_with_the_key_of_its_source(encryption: Document, kept: Document) -> None:
    """Any other encryption is the bucket's default; tags and annotations stay behind, and with them their rights."""
    artifact = Artifact(SOURCE, KEY, "v1", 10)
    single = boto3.client("s3", config=COPY_CONFIG)
    target = {"Bucket": BUCKET, "Key": TARGET}
    head = {"ContentLength": 10, "ETag": '"e"', **encryption}
    with Stubber(single) as stub:
        mode = {"ChecksumMode": "ENABLED"}
        stub.add_client_error("head_object", "404", http_status_code=404, expected_params={**target, **mode})
        stub.add_response("head_object", head, {"Bucket": SOURCE, "Key": KEY, "VersionId": "v1", **mode})
        expected = {
            **target,
            "IfNoneMatch": "*",
            "CopySource": {"Bucket": SOURCE, "Key": KEY, "VersionId": "v1"},
            "MetadataDirective": "COPY",
            "TaggingDirective": "REPLACE",
            "AnnotationDirective": "EXCLUDE",
            **kept,
        }
        stub.add_response("copy_object", {}, expected)
        whole(single).copy_all([(artifact, TARGET)], NEVER)
        stub.assert_no_pending_responses()
    with Stubber(single) as stub:
        stub.add_client_error("head_object", "404", http_status_code=404)
        stub.add_response("head_object", head)
        stub.add_response("list_multipart_uploads", {}, {"Bucket": BUCKET, "Prefix": TARGET})
        stub.add_response("create_multipart_upload", {"UploadId": "u"}, {**target, **kept})
        stub.add_response("list_parts", {}, {**target, "UploadId": "u"})
        stub.add_response(
            "upload_part_copy",
            {"CopyPartResult": {"ETag": "p"}},
            {**target, "UploadId": "u", "PartNumber": 1, "CopySource": ANY, "CopySourceRange": "bytes=0-9"},
        )
        parts = {"Parts": [{"PartNumber": 1, "ETag": "p"}]}
        stub.add_response(
            "complete_multipart_upload", {}, {**target, "UploadId": "u", "MultipartUpload": parts, "IfNoneMatch": "*"}
        )
        in_parts(single).copy_all([(artifact, TARGET)], NEVER)
        stub.assert_no_pending_responses()


def test_object_without_versions_is_pinned_by_its_etag() -> None:
    """S3 copies it only if it still has the ETag that was planned with."""
    artifact = Artifact(SOURCE, KEY, '"e"', 10)
    plain = boto3.client("s3", config=COPY_CONFIG)
    with Stubber(plain) as stub:
        stub.add_client_error("head_object", "404", http_status_code=404)
        named = {"Bucket": SOURCE, "Key": KEY, "IfMatch": '"e"', "ChecksumMode": "ENABLED"}
        stub.add_response("head_object", {"ContentLength": 10}, named)
        stub.add_client_error("copy_object", "PreconditionFailed", http_status_code=412)
        stub.add_client_error("head_object", "404", http_status_code=404)
        stub.add_client_error("head_object", "412", http_status_code=412)

        with pytest.raises(errors.ArtifactMissingError, match='the version "e" is gone'):
            whole(plain).copy_all([(artifact, TARGET)], NEVER)

        stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ConditionalRequestConflict", 409, errors.StorageUnavailableError),
        ("SlowDown", 503, errors.StorageUnavailableError),
        ("InvalidObjectState", 403, errors.InvalidRequestError),
        ("AccessDenied", 403, errors.AccessDeniedError),
    ],
)
def test_refused_copies_have_names(code: str, status: int, expected: type[Exception]) -> None:
    """Transient answers are retried; permanent ones end the run."""
    plain = boto3.client("s3", config=COPY_CONFIG)
    with Stubber(plain) as stub:
        stub.add_client_error("head_object", "404", http_status_code=404)
        stub.add_response("head_object", {"ContentLength": 10})
        stub.add_client_error("copy_object", code, "Why.", http_status_code=status)

        with pytest.raises(expected, match=rf"s3://artifacts/revisions/.*: CopyObject: {code}: Why\."):
            whole(plain).copy_all([(Artifact(SOURCE, KEY, "v1", 10), TARGET)], NEVER)


def test_uploads_name_no_checksum_algorithm() -> None:
    """With one, the completion would have to repeat the checksum of each part."""
    sent: list[Document] = []
    client = boto3.client("s3", config=COPY_CONFIG.merge(Config(region_name="us-east-1")))

    def stop(request: Any, **_: Any) -> None:
        sent.append(dict(request.headers))
        raise EndpointConnectionError(endpoint_url="https://s3")

    client.meta.events.register("before-send.s3.CreateMultipartUpload", stop)
    with pytest.raises(errors.StorageUnavailableError):
        in_parts(client)._begin(TARGET, {})

    assert not [name for name in sent[0] if "checksum" in name.lower()]
