"""Copies in S3: of exact versions, never overwriting, and resumed where an earlier try stopped."""

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
from moto import mock_aws
from moto.s3.exceptions import NoSuchUpload, PreconditionFailed
from moto.s3.models import S3Backend
from moto.s3.responses import S3Response

from deployer import clock, errors
from deployer.aws import s3_copy
from deployer.aws.s3_copy import COPY_CONFIG, PART_BYTES, Copier, split
from deployer.aws.s3_objects import Artifact
from deployer.json_document import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


BUCKET, SOURCE = "artifacts", "data"
KEY = "models/churn/model.tar.gz"
TARGET = "revisions/churn/artifacts/0123456789ab/model.tar.gz"
CONTENT = bytes(range(100)) + b"end"
PART_SIZE, PARTS = 25, 5
NEVER = float("inf")
MIB, GIB, TIB = 1024**2, 1024**3, 1024**4


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


def in_parts(client: Any, part_bytes: int = PART_SIZE) -> Copier:
    """Return a copier that copies everything in parts."""
    copier = Copier(client, BUCKET)
    copier.single_bytes, copier.part_bytes = 0, part_bytes
    return copier


def whole(client: Any) -> Copier:
    """Return a copier that copies small objects in one call."""
    return Copier(client, BUCKET)


def stored(s3: Any) -> bytes:
    """Read the copy, and check that it was written once, and nothing unfinished is left."""
    assert len(s3.list_object_versions(Bucket=BUCKET, Prefix=TARGET)["Versions"]) == 1
    assert not s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads")
    content: bytes = s3.get_object(Bucket=BUCKET, Key=TARGET)["Body"].read()
    return content


def on_call(client: Any, operation: str, act: Callable[[int], object]) -> None:
    """Let something happen before each call of an operation, which gets the number of the call."""
    count = 0

    def before(**_: Any) -> None:
        nonlocal count
        count += 1
        act(count)

    client.meta.events.register_first(f"before-send.s3.{operation}", before)


def counted(client: Any, operation: str) -> list[int]:
    """Return a list that gets an entry for each call of an operation."""
    calls: list[int] = []
    on_call(client, operation, calls.append)
    return calls


def lose_connection(number: int) -> Callable[[int], None]:
    """Return what loses the connection at one call."""

    def lose(count: int) -> None:
        if count == number:
            raise EndpointConnectionError(endpoint_url="https://s3")

    return lose


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


@pytest.mark.parametrize("failing", range(1, PARTS + 1))
def test_copy_resumes_after_a_failing_part(s3: Any, client: Any, source: Artifact, failing: int) -> None:
    """Only the part that failed is copied again."""
    on_call(client, "UploadPartCopy", lose_connection(failing))
    with pytest.raises(errors.StorageUnavailableError):
        in_parts(client).copy_all([(source, TARGET)], NEVER)
    calls = counted(client, "UploadPartCopy")

    assert in_parts(client).copy_all([(source, TARGET)], NEVER) == [source]
    assert len(calls) == 1
    assert stored(s3) == CONTENT


@pytest.mark.parametrize(
    "operation",
    ["HeadObject", "ListMultipartUploads", "CreateMultipartUpload", "ListParts", "CompleteMultipartUpload"],
)
def test_copy_resumes_after_any_failing_call(s3: Any, client: Any, source: Artifact, operation: str) -> None:
    """The repetition makes the copy, and one copy only."""
    on_call(client, operation, lose_connection(1))
    with pytest.raises(errors.StorageUnavailableError):
        in_parts(client).copy_all([(source, TARGET)], NEVER)

    assert in_parts(client).copy_all([(source, TARGET)], NEVER) == [source]
    assert stored(s3) == CONTENT


@pytest.mark.parametrize("done", range(PARTS))
def test_copy_resumes_after_its_deadline(
    s3: Any, client: Any, source: Artifact, done: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says how much is copied, and each try copies what the ones before did not."""
    now = 0
    monkeypatch.setattr(clock, "monotonic", lambda: now)

    def pass_time(_count: int) -> None:
        nonlocal now
        now += 1

    on_call(client, "UploadPartCopy", pass_time)
    with pytest.raises(
        errors.CopyUnfinishedError, match=rf"^s3://data/.*: {done * 25} of 103 bytes \({done * 25 / 103:.0%}\)"
    ):
        in_parts(client).copy_all([(source, TARGET)], done)

    assert in_parts(client).copy_all([(source, TARGET)], NEVER) == [source]
    assert now == PARTS
    assert stored(s3) == CONTENT


def test_many_small_copies_resume_after_their_deadline(s3: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects that are copied stay, and the error counts them."""
    now = 0
    monkeypatch.setattr(clock, "monotonic", lambda: now)

    def pass_time(_count: int) -> None:
        nonlocal now
        now += 1

    on_call(client, "CopyObject", pass_time)
    pairs = []
    for number in range(4):
        version = s3.put_object(Bucket=SOURCE, Key=str(number), Body=b"x")["VersionId"]
        pairs.append((Artifact(SOURCE, str(number), version, 1), f"revisions/churn/artifacts/0123456789ab/{number}"))

    with pytest.raises(errors.CopyUnfinishedError, match=r"^3 of 4 objects"):
        whole(client).copy_all(pairs, 3)

    assert whole(client).copy_all(pairs, NEVER) == [pairs[3][0]]


def test_many_workers_make_one_copy(s3: Any, client: Any, source: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts arrive in any order, and are joined in theirs."""
    monkeypatch.setattr(s3_copy, "WORKERS", 8)
    copier = in_parts(client, 3)

    assert copier.copy_all([(source, TARGET)], NEVER) == [source]
    assert stored(s3) == CONTENT


def test_persistent_failure_stops_the_rest(client: Any, source: Artifact) -> None:
    """While S3 is down, thousands of parts are not tried one after the other."""

    def lose(_count: int) -> None:
        raise EndpointConnectionError(endpoint_url="https://s3")

    on_call(client, "UploadPartCopy", lose)
    calls = counted(client, "UploadPartCopy")
    copier = in_parts(client, 1)

    with pytest.raises(errors.StorageUnavailableError):
        copier.copy_all([(source, TARGET)], NEVER)

    assert len(calls) < 10


@pytest.mark.parametrize(
    ("operation", "number"),
    [
        ("HeadObject", 1),
        ("HeadObject", 2),
        ("ListMultipartUploads", 1),
        ("CreateMultipartUpload", 1),
        ("ListParts", 1),
        *(("UploadPartCopy", number) for number in range(1, PARTS + 1)),
        ("CompleteMultipartUpload", 1),
    ],
)
def test_second_run_beside_the_copy_is_harmless(
    s3: Any, client: Any, source: Artifact, operation: str, number: int
) -> None:
    """Another run makes the whole copy between any two calls: there is one copy, and neither run fails for good."""

    def run_beside(count: int) -> None:
        if count == number:
            assert in_parts(s3).copy_all([(source, TARGET)], NEVER) == [source]

    on_call(client, operation, run_beside)

    # Completing the same upload twice succeeds twice.
    copied = [source] if operation == "CompleteMultipartUpload" else []
    assert in_parts(client).copy_all([(source, TARGET)], NEVER) == copied
    assert stored(s3) == CONTENT


def test_second_run_beside_a_single_call_is_harmless(s3: Any, client: Any, source: Artifact) -> None:
    """CopyObject is refused where the object is there by now."""
    on_call(client, "CopyObject", lambda _: whole(s3).copy_all([(source, TARGET)], NEVER))

    assert whole(client).copy_all([(source, TARGET)], NEVER) == []
    assert stored(s3) == CONTENT


def test_upload_that_somebody_aborted_is_begun_anew(s3: Any, client: Any, source: Artifact) -> None:
    """Without a copy at its place, the step is repeated."""

    def abort(count: int) -> None:
        if count == 2:
            upload = s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"][0]
            s3.abort_multipart_upload(Bucket=BUCKET, Key=TARGET, UploadId=upload["UploadId"])

    on_call(client, "UploadPartCopy", abort)
    with pytest.raises(errors.StorageUnavailableError):
        in_parts(client).copy_all([(source, TARGET)], NEVER)

    assert in_parts(client).copy_all([(source, TARGET)], NEVER) == [source]
    assert stored(s3) == CONTENT


def test_upload_in_other_parts_is_finished_in_own_parts(s3: Any, client: Any, source: Artifact) -> None:
    """Parts that another version of the deployer cut otherwise are copied again."""
    on_call(client, "CompleteMultipartUpload", lose_connection(1))
    other = in_parts(client, 10)
    with pytest.raises(errors.StorageUnavailableError):
        other.copy_all([(source, TARGET)], NEVER)

    assert in_parts(client).copy_all([(source, TARGET)], NEVER) == [source]
    assert stored(s3) == CONTENT


def test_uploads_of_longer_keys_are_left_alone(s3: Any, client: Any, source: Artifact) -> None:
    """An upload is resumed only if its key is exactly that of the copy."""
    other = s3.create_multipart_upload(Bucket=BUCKET, Key=f"{TARGET}.index")["UploadId"]

    assert in_parts(client).copy_all([(source, TARGET)], NEVER) == [source]
    assert [each["UploadId"] for each in s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]] == [other]


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
        stub.add_client_error("head_object", "404", http_status_code=404, expected_params=target)
        stub.add_response("head_object", head, {"Bucket": SOURCE, "Key": KEY, "VersionId": "v1"})
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
        stub.add_response("head_object", {"ContentLength": 10}, {"Bucket": SOURCE, "Key": KEY, "IfMatch": '"e"'})
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
