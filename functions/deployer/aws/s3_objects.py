"""Objects of S3 as the deployer knows them: their versions, their listings, their addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from deployer.json_document import Document


_MOST_PARTS = 10_000
"""Of one multipart upload (S3 User Guide, "Amazon S3 multipart upload limits")."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One version of one S3 object.

    Attributes:
        bucket: The bucket.
        key: The key.
        version: The version id; the ETag, in its quotes, where the bucket keeps no versions. See `version_of`.
        size: Bytes, where the object was looked up.
        is_archived: Whether the object has to be restored from an archive before it can be read.
    """

    bucket: str
    key: str
    version: str
    size: int = 0
    is_archived: bool = False

    @property
    def uri(self) -> str:
        """`s3://bucket/key`."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def has_version_id(self) -> bool:
        """Whether the object stays readable by its version after it was overwritten."""
        return not self.version.startswith('"')


@dataclass(frozen=True, slots=True)
class Listing:
    """All objects of a folder, as they were at one time; the versions are ETags."""

    objects: tuple[Artifact, ...]
    digest: str
    """Stands for the key below the folder, the ETag and the size of each object."""

    @property
    def size(self) -> int:
        """Bytes of all objects together."""
        return sum(each.size for each in self.objects)


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object in a listing."""

    key: str
    size: int
    last_modified: datetime


def version_of(version_id: str | None, etag: str) -> str:
    """Name the version of an object: its id, or its ETag in quotes where the bucket keeps no versions.

    All objects from before versioning was turned on have the id "null", whatever their content.
    """
    return version_id if version_id and version_id != "null" else '"' + etag.strip('"') + '"'


def version_pin(source: Artifact) -> Document:
    """Return the parameter of HeadObject that names the exact version."""
    return {"VersionId": source.version} if source.has_version_id else {"IfMatch": source.version}


def copy_source(source: Artifact) -> Document:
    """Return the parameters of CopyObject and UploadPartCopy that name the exact version to copy."""
    place = {"Bucket": source.bucket, "Key": source.key}
    if source.has_version_id:
        return {"CopySource": {**place, "VersionId": source.version}}
    return {"CopySource": place, "CopySourceIfMatch": source.version}


def split(size: int, smallest: int) -> dict[int, range]:
    """Split an object into at most 10,000 parts; return the positions of each one's bytes, by its number."""
    step = max(smallest, -(-size // _MOST_PARTS))
    return {number: range(first, min(first + step, size)) for number, first in enumerate(range(0, size, step), 1)}


def checksums(answer: Document) -> dict[str, str]:
    """Return the checksums of an object's whole content, by the names of their fields; none of those of parts.

    S3 keeps them since 2025 of every object, without ever reading it again: those of an upload, else CRC64NVME (S3 User
    Guide, "Checking object integrity"; API Reference, CopyObjectResult). A copy has the algorithm of its source.
    """
    is_whole = answer.get("ChecksumType") == "FULL_OBJECT"
    named = {name: value for name, value in answer.items() if name.startswith("Checksum") and name != "ChecksumType"}
    return named if is_whole else {}


def parse_uri(uri: str) -> tuple[str, str]:
    """Take `s3://bucket/key` apart; the caller has checked that it is one."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
