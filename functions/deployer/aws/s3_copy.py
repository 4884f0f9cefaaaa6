"""Server-side copies in S3: of exact versions, to keys that are never overwritten, resumed where they stopped.

boto3's managed copy cannot be used: s3transfer begins every multipart copy anew, and its ALLOWED_COPY_ARGS lack
IfNoneMatch. S3 takes `If-None-Match: *` for CopyObject since October 2025 (AWS What's New, "Amazon S3 adds conditional
write functionality to copy operations"), and for CompleteMultipartUpload.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.config import Config

from deployer.aws.parallel import run_parallel
from deployer.aws.s3_calls import ObjectMissingError, PreconditionFailedError, S3Calls, UploadMissingError
from deployer.aws.s3_copy_requests import (
    PART_BYTES,
    Part,
    copy_source,
    encryption,
    preserved,
    split,
    version_missing,
    version_pin,
)
from deployer.errors import (
    CopyUnfinishedError,
    DeployerError,
    InvalidRequestError,
    StorageUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from botocore.client import BaseClient

    from deployer.aws.s3 import Artifact

WORKERS = 16
"""Copies at a time; with 1 there is no thread."""

COPY_CONFIG = Config(
    # The state machine retries; finished parts are not copied again.
    retries={"total_max_attempts": 1},
    connect_timeout=5,
    # S3 answers a copy when it is done (S3 API Reference, CopyObject); half a gigabyte takes seconds, seldom a minute.
    read_timeout=100,
    max_pool_connections=WORKERS,
)

SINGLE_BYTES = 256 * 1024**2
"""Larger objects are copied in parts; S3 itself would allow 5 GB (S3 API Reference, CopyObject)."""


class Copier(S3Calls):
    """Copies objects into one bucket.

    Every method raises the leaves of `deployer.errors`. A second run beside this one that makes the same copies is
    harmless: the later one finds the object there.

    Args:
        client: A boto3 client of `s3` that is made with `COPY_CONFIG`.
        bucket: Where the copies go.
        workers: How many calls to make at a time; left out, `WORKERS`.
        single_bytes: Size of the largest object that is copied in one call.
        part_bytes: Size of the smallest part.
    """

    def __init__(
        self,
        client: BaseClient,
        bucket: str,
        *,
        workers: int | None = None,
        single_bytes: int = SINGLE_BYTES,
        part_bytes: int = PART_BYTES,
    ) -> None:
        super().__init__(client)
        self._bucket = bucket
        self._workers = WORKERS if workers is None else workers
        self._single_bytes = single_bytes
        self._part_bytes = part_bytes

    def copy_all(self, copies: Sequence[tuple[Artifact, str]], deadline: float) -> list[Artifact]:
        """Copy objects, each to its key; return those that this call has copied.

        Args:
            copies: Objects and the keys of their copies.
            deadline: Time of `clock.monotonic()` after which no call is begun.

        Raises:
            CopyUnfinishedError: The deadline has come; a repetition goes on where this call stopped.
            ArtifactMissingError: A version to copy is gone.
        """
        small = [pair for pair in copies if pair[0].size <= self._single_bytes]
        results = run_parallel(lambda pair: (pair[0], self._copy_whole(*pair)), small, self._workers, deadline)
        if len(results) < len(small):
            raise CopyUnfinishedError(f"{len(results):,} of {len(copies):,} objects are copied when the time is over")
        large = [pair for pair in copies if pair[0].size > self._single_bytes]
        results += [(source, self._copy_in_parts(source, key, deadline)) for source, key in large]
        return [source for source, is_new in results if is_new]

    def _copy_whole(self, source: Artifact, key: str) -> bool:
        if self._is_there(source, key):
            return False
        head = self._head(source)
        try:
            self._call(
                "CopyObject",
                Bucket=self._bucket,
                Key=key,
                IfNoneMatch="*",
                MetadataDirective="COPY",
                # Neither tags nor annotations are wanted, and each would need rights of its own.
                TaggingDirective="REPLACE",
                AnnotationDirective="EXCLUDE",
                **copy_source(source),
                **encryption(head),
            )
        except ObjectMissingError as error:
            raise version_missing(source) from error
        except PreconditionFailedError as error:
            return self._check_there(source, key, error)
        return True

    def _copy_in_parts(self, source: Artifact, key: str, deadline: float) -> bool:
        if self._is_there(source, key):
            return False
        head = self._head(source)
        upload = {"Bucket": self._bucket, "Key": key, "UploadId": self._find_upload(key) or self._begin(key, head)}
        parts = split(source.size, self._part_bytes)
        try:
            etags = self._copied_parts(upload, parts)
            left = [part for part in parts if part.number not in etags]
            etags |= dict(
                run_parallel(
                    lambda part: (part.number, self._copy_part(source, upload, part)), left, self._workers, deadline
                )
            )
            if len(etags) < len(parts):
                raise _unfinished(source, sum(part.size for part in parts if part.number in etags))
            self._complete(upload, etags)
        except UploadMissingError as error:
            return self._check_there(source, key, error)
        except PreconditionFailedError as error:
            is_new = self._check_there(source, key, error)
            self._abort(upload)
            return is_new
        except ObjectMissingError as error:
            raise InvalidRequestError(f"s3://{self._bucket}/{key}: there is no such bucket") from error
        return True

    def _is_there(self, source: Artifact, key: str) -> bool:
        """Tell whether the copy is there.

        Raises:
            InvalidRequestError: There is something else, which this deployer did not write.
        """
        try:
            size = self._call("HeadObject", Bucket=self._bucket, Key=key)["ContentLength"]
        except ObjectMissingError:
            return False
        if size != source.size:
            raise InvalidRequestError(
                f"s3://{self._bucket}/{key}: has {size} bytes, and the {source.size} of {source.uri} belong there; "
                "the deployer did not write it, so delete it"
            )
        return True

    def _check_there(self, source: Artifact, key: str, error: DeployerError) -> bool:
        """Return False if another run has made the copy; raise the error's meaning if there is none."""
        if self._is_there(source, key):
            return False
        self._head(source)
        # Another run has just aborted the upload, or deleted the object.
        raise StorageUnavailableError(f"s3://{self._bucket}/{key}: another copy is under way") from error

    def _head(self, source: Artifact) -> dict[str, Any]:
        """Look up the source's exact version."""
        try:
            return self._call("HeadObject", Bucket=source.bucket, Key=source.key, **version_pin(source))
        except (ObjectMissingError, PreconditionFailedError) as error:
            raise version_missing(source) from error

    def _find_upload(self, key: str) -> str | None:
        """Return the oldest unfinished upload of a key; S3 lists exact matches first, and older uploads first."""
        page = self._call("ListMultipartUploads", Bucket=self._bucket, Prefix=key)
        return next((str(upload["UploadId"]) for upload in page.get("Uploads", []) if upload["Key"] == key), None)

    def _begin(self, key: str, head: dict[str, Any]) -> str:
        described = {**preserved(head), **encryption(head)}
        begun = self._call("CreateMultipartUpload", Bucket=self._bucket, Key=key, **described)
        return str(begun["UploadId"])

    def _copied_parts(self, upload: dict[str, str], parts: Sequence[Part]) -> dict[int, str]:
        """Return the ETags of the parts that are copied already, by number."""
        sizes = {part.number: part.size for part in parts}
        etags: dict[int, str] = {}
        marker: dict[str, Any] = {}
        while True:
            page = self._call("ListParts", **upload, **marker)
            for each in page.get("Parts", []):
                # A version of this deployer that split otherwise may have begun the upload.
                if sizes.get(each["PartNumber"]) == each["Size"]:
                    etags[each["PartNumber"]] = each["ETag"]
            if not page.get("IsTruncated"):
                return etags
            marker = {"PartNumberMarker": page["NextPartNumberMarker"]}

    def _copy_part(self, source: Artifact, upload: dict[str, str], part: Part) -> str:
        span = f"bytes={part.first}-{part.last}"
        try:
            copied = self._call(
                "UploadPartCopy", **upload, PartNumber=part.number, CopySourceRange=span, **copy_source(source)
            )
        except (ObjectMissingError, PreconditionFailedError) as error:
            raise version_missing(source) from error
        return str(copied["CopyPartResult"]["ETag"])

    def _complete(self, upload: dict[str, str], etags: dict[int, str]) -> None:
        parts = [{"PartNumber": number, "ETag": etags[number]} for number in sorted(etags)]
        self._call("CompleteMultipartUpload", **upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*")

    def _abort(self, upload: dict[str, str]) -> None:
        """Give up an upload whose object is there without it, so that its parts are not paid for."""
        try:
            self._call("AbortMultipartUpload", **upload)
        except UploadMissingError:
            return


def _unfinished(source: Artifact, done: int) -> CopyUnfinishedError:
    share = f"{done / source.size:.0%}"
    return CopyUnfinishedError(f"{source.uri}: {done:,} of {source.size:,} bytes ({share}) are copied so far")
