"""Parts and request parameters of copies in S3. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployer.errors import ArtifactMissingError

if TYPE_CHECKING:
    from deployer.aws.s3 import Artifact

PART_BYTES = 64 * 1024**2
"""The smallest part; S3 allows 5 MiB to 5 GiB (S3 User Guide, "Amazon S3 multipart upload limits")."""

_MOST_PARTS = 10_000

_PRESERVED = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Metadata")
"""Metadata that CopyObject copies by itself, and a multipart upload does not."""

_ENCRYPTION = ("ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a copy; first and last are the positions of its bytes, both included."""

    number: int
    first: int
    last: int

    @property
    def size(self) -> int:
        """Bytes."""
        return self.last - self.first + 1


def split(size: int, smallest: int = PART_BYTES) -> list[Part]:
    """Split an object into at most 10,000 parts of one size; the last part may be smaller."""
    part_size = max(smallest, -(-size // _MOST_PARTS))
    firsts = range(0, size, part_size)
    return [Part(number, first, min(first + part_size, size) - 1) for number, first in enumerate(firsts, 1)]


def copy_source(source: Artifact) -> dict[str, Any]:
    """Return the parameters of CopyObject and UploadPartCopy that name the exact version to copy."""
    place = {"Bucket": source.bucket, "Key": source.key}
    if source.has_version_id:
        return {"CopySource": {**place, "VersionId": source.version}}
    return {"CopySource": place, "CopySourceIfMatch": source.version}


def version_pin(source: Artifact) -> dict[str, Any]:
    """Return the parameter of HeadObject that names the exact version."""
    return {"VersionId": source.version} if source.has_version_id else {"IfMatch": source.version}


def encryption(head: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that encrypt a copy with its source's KMS key, or none, which means the bucket's default.

    Args:
        head: What HeadObject says of the source.
    """
    return {name: head[name] for name in _ENCRYPTION if head.get(name)} if head.get("SSEKMSKeyId") else {}


def preserved(head: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that give a multipart upload the metadata of its source."""
    return {name: head[name] for name in _PRESERVED if head.get(name)}


def version_missing(source: Artifact) -> ArtifactMissingError:
    """Return the error of a source whose exact version is gone."""
    return ArtifactMissingError(f"{source.uri}: the version {source.version} is gone; upload the object again")
