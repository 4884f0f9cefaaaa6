"""Server-side copies in S3: of exact versions, to keys that are never overwritten, resumed where they stopped.

boto3's managed copy cannot be used: s3transfer begins every multipart copy again, and its ALLOWED_COPY_ARGS lack
IfNoneMatch. S3 takes `If-None-Match: *` for CopyObject since October 2025 (AWS What's New, "Amazon S3 adds conditional
write functionality to copy operations"), and for CompleteMultipartUpload.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from deployer import clock
from deployer.aws.s3_calls import ObjectMissingError, PreconditionFailedError, S3Calls
from deployer.aws.s3_objects import checksums, copy_source, split, version_pin
from deployer.errors import (
    ArtifactMissingError,
    CopyUnfinishedError,
    DeployerError,
    InvalidRequestError,
    ListingTooLongError,
    PermanentError,
    StorageUnavailableError,
)
from deployer.json_document import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from botocore.client import BaseClient

    from deployer.aws.s3_objects import Artifact

WORKERS = 16
"""Copies at a time; with 1 there is no thread."""

SINGLE_BYTES = 256 * 1024**2
"""Larger objects are copied in parts; S3 itself would allow 5 GB (S3 API Reference, CopyObject)."""

PART_BYTES = 64 * 1024**2
"""The smallest part; S3 allows 5 MiB to 5 GiB (S3 User Guide, "Amazon S3 multipart upload limits")."""

COPY_CONFIG = Config(
    # The state machine retries; finished parts are not copied again.
    retries={"total_max_attempts": 1},
    connect_timeout=5,
    # S3 answers a copy when it is done (S3 API Reference, CopyObject); half a gigabyte takes seconds, seldom a minute.
    read_timeout=100,
    max_pool_connections=WORKERS,
)

_MOST_PAGES = 100  # of up to a thousand parts each
_MOST_FAILURES = 8

_METADATA = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Metadata")
_ENCRYPTION = ("ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled")


class Copier(S3Calls):
    """Copies objects into one bucket.

    Every method raises the leaves of `deployer.errors`. A second run beside this one that makes the same copies is
    harmless: the later one finds the object there.

    Args:
        client: A boto3 client of `s3` that is made with `COPY_CONFIG`.
        bucket: Where the copies go.
    """

    single_bytes, part_bytes = SINGLE_BYTES, PART_BYTES

    def __init__(self, client: BaseClient, bucket: str) -> None:
        super().__init__(client)
        self._bucket = bucket

    def copy_all(self, copies: Sequence[tuple[Artifact, str]], deadline: float) -> list[Artifact]:
        """Copy objects, each to its key; return those that this call has copied.

        Args:
            copies: Objects and the keys of their copies.
            deadline: Time of `clock.monotonic()` after which no call is begun.

        Raises:
            CopyUnfinishedError: The deadline has come; a repetition goes on where this call stopped.
            ArtifactMissingError: A version to copy is gone.
        """
        small = [pair for pair in copies if pair[0].size <= self.single_bytes]
        results = _in_parallel(lambda pair: (pair[0], self._copy(pair[0], pair[1], deadline)), small, deadline)
        if len(results) < len(small):
            raise CopyUnfinishedError(f"{len(results):,} of {len(copies):,} objects were copied in time")
        large = [pair for pair in copies if pair[0].size > self.single_bytes]
        results += [(source, self._copy(source, key, deadline)) for source, key in large]
        return [source for source, is_new in results if is_new]

    def _copy(self, source: Artifact, key: str, deadline: float) -> bool:
        """Make a copy; return False if it is there already, or another run is faster."""
        if self._is_there(source, key):
            return False
        try:
            if source.size <= self.single_bytes:
                self._copy_whole(source, key)
            else:
                self._copy_in_parts(source, key, deadline)
        except PreconditionFailedError as error:
            if not self._is_there(source, key):
                self._head(source)
                # Another run has just aborted the upload, or deleted the object.
                raise StorageUnavailableError(f"s3://{self._bucket}/{key}: another copy is under way") from error
            # The parts of an upload whose object is there without it would be paid for.
            if upload_id := self._find_upload(key):
                with suppress(PreconditionFailedError):
                    self._call("AbortMultipartUpload", Bucket=self._bucket, Key=key, UploadId=upload_id)
            return False
        return True

    def _copy_whole(self, source: Artifact, key: str) -> None:
        # Neither tags nor annotations are wanted, and each would need rights of its own.
        directives = {"MetadataDirective": "COPY", "TaggingDirective": "REPLACE", "AnnotationDirective": "EXCLUDE"}
        target = {"Bucket": self._bucket, "Key": key, "IfNoneMatch": "*"}
        head = self._head(source)
        answer = self._call_on(source, "CopyObject", **target, **directives, **_encryption(head))
        self._compare(head, answer.get("CopyObjectResult", {}), source, key)

    def _copy_in_parts(self, source: Artifact, key: str, deadline: float) -> None:
        head = self._head(source)
        upload = {"Bucket": self._bucket, "Key": key, "UploadId": self._find_upload(key) or self._begin(key, head)}
        parts = split(source.size, self.part_bytes)
        etags = self._copied_parts(upload, parts)

        def copy(number: int) -> tuple[int, str]:
            span = f"bytes={parts[number].start}-{parts[number].stop - 1}"
            copied = self._call_on(source, "UploadPartCopy", **upload, PartNumber=number, CopySourceRange=span)
            return number, copied["CopyPartResult"]["ETag"]

        etags |= dict(_in_parallel(copy, sorted(parts.keys() - etags), deadline))
        if len(etags) < len(parts):
            done = sum(len(parts[number]) for number in etags)
            share = f"{done:,} of {source.size:,} bytes ({done / source.size:.0%})"
            raise CopyUnfinishedError(f"{source.uri}: {share} are copied so far")
        listed = {"Parts": [{"PartNumber": number, "ETag": etag} for number, etag in sorted(etags.items())]}
        answer = self._call("CompleteMultipartUpload", **upload, MultipartUpload=listed, IfNoneMatch="*")
        self._compare(head, answer, source, key)

    def _is_there(self, source: Artifact, key: str) -> bool:
        """Return whether the copy is there; raise InvalidRequestError if there is something else."""
        try:
            found = self._call("HeadObject", Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        except ObjectMissingError:
            return False
        if found["ContentLength"] != source.size:
            raise self._foreign(key, f"has {found['ContentLength']} bytes, and the {source.size} of {source.uri}")
        head: Document = {}
        if checksums(found):
            # The copy is good also after its source has gone, or may no longer be read.
            with suppress(PermanentError):
                head = self._head(source)
        self._compare(head, found, source, key)
        return True

    def _compare(self, head: Document, copied: Document, source: Artifact, key: str) -> None:
        """Raise InvalidRequestError if a checksum that S3 keeps of both objects differs."""
        expected, found = checksums(head), checksums(copied)
        for name in expected.keys() & found.keys():
            if expected[name] != found[name]:
                raise self._foreign(key, f"has the {name} {found[name]}, and the {expected[name]} of {source.uri}")

    def _foreign(self, key: str, what: str) -> InvalidRequestError:
        advice = "belong there; somebody else wrote it, so delete it"
        return InvalidRequestError(f"s3://{self._bucket}/{key}: {what} {advice}")

    def _head(self, source: Artifact) -> Document:
        """Look up the source's exact version."""
        try:
            named = {"Bucket": source.bucket, "Key": source.key, **version_pin(source)}
            return self._call("HeadObject", **named, ChecksumMode="ENABLED")
        except (ObjectMissingError, PreconditionFailedError) as error:
            raise _version_missing(source) from error

    def _call_on(self, source: Artifact, operation: str, **parameters: Any) -> Document:
        """Call an operation that copies the source's exact version."""
        try:
            return self._call(operation, **parameters, **copy_source(source))
        except ObjectMissingError as error:
            raise _version_missing(source) from error

    def _find_upload(self, key: str) -> str | None:
        """Return the oldest unfinished upload of a key; S3 lists exact matches first, and older uploads first."""
        page = self._call("ListMultipartUploads", Bucket=self._bucket, Prefix=key)
        return next((str(upload["UploadId"]) for upload in page.get("Uploads", []) if upload["Key"] == key), None)

    def _begin(self, key: str, head: Document) -> str:
        # CopyObject copies these by itself, and a multipart upload does not.
        metadata = {name: head[name] for name in _METADATA if head.get(name)}
        begun = self._call("CreateMultipartUpload", Bucket=self._bucket, Key=key, **metadata, **_encryption(head))
        return str(begun["UploadId"])

    def _copied_parts(self, upload: dict[str, str], parts: Mapping[int, range]) -> dict[int, str]:
        """Return the ETags of the parts that are copied already, by number."""
        etags: dict[int, str] = {}
        marker: Document = {}
        for _ in range(_MOST_PAGES):
            page = self._call("ListParts", **upload, **marker)
            for each in page.get("Parts", []):
                # A version of this deployer that split otherwise may have begun the upload.
                if len(parts.get(each["PartNumber"], ())) == each["Size"]:
                    etags[each["PartNumber"]] = each["ETag"]
            if not page.get("IsTruncated"):
                return etags
            marker = {"PartNumberMarker": page["NextPartNumberMarker"]}
        raise ListingTooLongError(f"ListParts: {upload['Key']}: there are more than {_MOST_PAGES} pages")


def _in_parallel(work: Callable[[Any], Any], items: Sequence[Any], deadline: float) -> list[Any]:
    """Call a function for many items; return the results at the deadline, in any order."""
    results: list[Any] = []
    failures: list[DeployerError] = []

    def attempt(item: Any) -> None:
        # After a few failures the rest would most likely fail, too.
        if len(failures) < _MOST_FAILURES and clock.monotonic() < deadline:
            try:
                results.append(work(item))
            except DeployerError as error:
                failures.append(error)

    if WORKERS == 1 or len(items) == 1:
        for item in items:
            attempt(item)
    else:
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(attempt, items))  # raises what is no DeployerError
    if failures:
        raise next((each for each in failures if isinstance(each, PermanentError)), failures[0])
    return results


def _encryption(head: Document) -> Document:
    """Return the parameters that encrypt a copy with its source's KMS key; none, if the bucket's default serves."""
    return {name: head[name] for name in _ENCRYPTION if head.get(name)} if head.get("SSEKMSKeyId") else {}


def _version_missing(source: Artifact) -> ArtifactMissingError:
    return ArtifactMissingError(f"{source.uri}: the version {source.version} is gone; upload the object again")
