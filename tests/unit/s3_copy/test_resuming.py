"""A copy in S3 goes on where an earlier try stopped, and other runs beside it change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from deployer import clock, errors
from deployer.aws import s3_copy
from deployer.aws.s3_objects import Artifact
from tests.unit.s3_copy.objects import (
    BUCKET,
    CONTENT,
    NEVER,
    PARTS,
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


def lose_connection(number: int) -> Callable[[int], None]:
    """Return what loses the connection at one call."""

    def lose(count: int) -> None:
        if count == number:
            raise EndpointConnectionError(endpoint_url="https://s3")

    return lose


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
    """Another run makes the whole copy between any two calls: there is one copy, and neither run fails permanently."""

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


def test_aborted_upload_is_begun_again(s3: Any, client: Any, source: Artifact) -> None:
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
