"""The adapter of S3: finds, reads, lists, writes once, and deletes objects. `deployer.aws.s3_copy` makes copies."""

from __future__ import annotations

import hashlib
import json
import posixpath
from typing import TYPE_CHECKING

from deployer.aws.s3_calls import MOST_PAGES, UNREACHABLE, ObjectMissingError, PreconditionFailedError, S3Calls
from deployer.aws.s3_objects import Artifact, ListedObject, Listing, version_of
from deployer.errors import InvalidRequestError, ListingTooLongError, StorageUnavailableError
from deployer.json_document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator


ARTIFACT_NAME = "model.tar.gz"
MANIFEST_NAME = "deployment.yaml"
MANIFEST_NAMES = (MANIFEST_NAME, "deployment.yml", "deployment.json")
"""The names that a manifest may have; a folder has one of them."""

MANIFEST_LIMIT = 256 * 1024
"""Bytes; more cannot pass through a state machine."""

LISTING_LIMIT = 10_000
"""Objects of a folder that is a model's data; as many parts as one copied object may have."""

_SEARCH_LIMIT = 50_000
"""Objects below the folder that the newest artifact is searched in."""

_ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})


class Objects(S3Calls):
    """The adapter of S3.

    Every method raises the leaves of `deployer.errors`; none retries, because the state machine does.
    """

    def find(self, bucket: str, key: str) -> Artifact | None:
        """Look up the current version of an object; None if there is none."""
        try:
            head = self._call("HeadObject", Bucket=bucket, Key=key)
        except ObjectMissingError:
            return None
        version = version_of(head.get("VersionId"), head["ETag"])
        return Artifact(bucket, key, version, head["ContentLength"], _is_archived(head))

    def find_any(self, bucket: str, prefix: str) -> bool:
        """Return whether there is any object under a prefix."""
        return any(self._entries(bucket, prefix, MaxKeys=1))

    def newest_below(self, bucket: str, folder: str) -> Artifact | None:
        """Look up the `model.tar.gz` that was uploaded last anywhere below a folder.

        A folder below it with a manifest of its own is skipped, because that manifest governs its artifacts.

        Raises:
            InvalidRequestError: The folder holds more objects than are searched.
        """
        top = folder.rstrip("/")
        listed = self._all_entries(bucket, f"{top}/", _SEARCH_LIMIT, "name the ModelDataUrl")
        governed = {
            posixpath.dirname(entry["Key"])
            for entry in listed
            if posixpath.basename(entry["Key"]) in MANIFEST_NAMES and posixpath.dirname(entry["Key"]) != top
        }
        candidates = [
            entry
            for entry in listed
            if posixpath.basename(entry["Key"]) == ARTIFACT_NAME and not governed & set(_folders(entry["Key"], folder))
        ]
        if not candidates:
            return None
        newest = max(candidates, key=lambda entry: (entry["LastModified"], entry["Key"]))
        return self.find(bucket, newest["Key"])

    def listing(self, bucket: str, prefix: str) -> Listing:
        """List all objects under a prefix.

        Raises:
            InvalidRequestError: There are more than `LISTING_LIMIT`.
        """
        advice = "pack the model into one archive, or use a folder with fewer objects"
        entries = self._all_entries(bucket, prefix, LISTING_LIMIT, advice)
        content = sorted((entry["Key"].removeprefix(prefix), entry["ETag"], entry["Size"]) for entry in entries)
        digest = hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()[:32]
        objects = (Artifact(bucket, entry["Key"], entry["ETag"], entry["Size"]) for entry in entries)
        return Listing(tuple(objects), digest)

    def read(self, bucket: str, key: str, limit: int = MANIFEST_LIMIT) -> bytes | None:
        """Read a small object; None if there is none.

        Raises:
            InvalidRequestError: The object is larger than the limit, in bytes.
        """
        try:
            answer = self._call("GetObject", Bucket=bucket, Key=key)
        except ObjectMissingError:
            return None
        if answer["ContentLength"] > limit:
            raise InvalidRequestError(f"{key}: has {answer['ContentLength']} bytes; at most {limit} are read")
        try:
            content: bytes = answer["Body"].read()
        except UNREACHABLE as error:
            raise StorageUnavailableError(f"s3://{bucket}/{key}: {error}") from error
        return content

    def nearest_manifest(self, bucket: str, key: str, root: str) -> str | None:
        """Return the key of the manifest that governs an object: the first met from its folder upwards to the root.

        Raises:
            InvalidRequestError: A folder has several manifests.
        """
        return next((found for folder in _folders(key, root) if (found := self.manifest_in(bucket, folder))), None)

    def manifest_in(self, bucket: str, folder: str) -> str | None:
        """Return the key of the manifest directly in a folder; None if there is none.

        Raises:
            InvalidRequestError: There are several.
        """
        stem = posixpath.join(folder, posixpath.splitext(MANIFEST_NAME)[0])
        listed = {entry["Key"] for entry in self._entries(bucket, f"{stem}.", Delimiter="/")}
        found = [key for name in MANIFEST_NAMES if (key := posixpath.join(folder, name)) in listed]
        if len(found) > 1:
            names = " and ".join(map(posixpath.basename, found))
            raise InvalidRequestError(f"s3://{bucket}/{folder}/: has {names}; keep one of them")
        return found[0] if found else None

    def put_if_absent(self, bucket: str, key: str, body: bytes) -> bool:
        """Write an object unless there is one; return whether this call wrote it.

        Raises:
            StorageUnavailableError: Another write of the same key is under way, among other reasons.
        """
        try:
            self._call("PutObject", Bucket=bucket, Key=key, Body=body, IfNoneMatch="*")
        except PreconditionFailedError:
            return False
        except ObjectMissingError as error:
            raise InvalidRequestError(f"s3://{bucket}/{key}: there is no such bucket") from error
        return True

    def list_folders(self, bucket: str, prefix: str, start_with: str = "") -> Iterator[str]:
        """Yield the names of the folders directly below a prefix, without slashes, in the order of their keys.

        Args:
            bucket: The bucket.
            prefix: Ends in a slash.
            start_with: Name of the first folder to yield.
        """
        # The full stop is the character before the slash that ends the folder's key.
        marker = {"StartAfter": f"{prefix}{start_with}."} if start_with else {}
        for page in self._pages(bucket, prefix, Delimiter="/", **marker):
            for entry in page.get("CommonPrefixes", []):
                yield entry["Prefix"].removeprefix(prefix).rstrip("/")

    def list_objects(self, bucket: str, prefix: str) -> Iterator[ListedObject]:
        """Yield the objects under a prefix in the order of their keys."""
        for entry in self._entries(bucket, prefix):
            yield ListedObject(entry["Key"], entry["Size"], entry["LastModified"])

    def delete_permanently(self, bucket: str, key: str) -> None:
        """Delete all versions and delete markers of exactly one key.

        Raises:
            ListingTooLongError: It has more versions than are deleted at a time; the next sweep goes on.
        """
        for _ in range(MOST_PAGES):
            page = self._call("ListObjectVersions", Bucket=bucket, Prefix=key)
            # Keys come in order, so those of longer keys come after those of this one.
            own = [each for each in [*page.get("Versions", []), *page.get("DeleteMarkers", [])] if each["Key"] == key]
            for each in own:
                self._call("DeleteObject", Bucket=bucket, Key=key, VersionId=each["VersionId"])
            if not own:
                return
        raise ListingTooLongError(f"s3://{bucket}/{key}: has versions left after {MOST_PAGES:,} pages of them")


def _is_archived(head: Document) -> bool:
    """Return whether an object cannot be read (S3 API Reference, HeadObject: StorageClass, ArchiveStatus, Restore)."""
    is_in_archive = head.get("StorageClass") in _ARCHIVES or "ArchiveStatus" in head
    return is_in_archive and 'ongoing-request="false"' not in head.get("Restore", "")


def _folders(key: str, root: str) -> list[str]:
    """List the folders of a key from its own upwards to the root folder, both included."""
    folders = []
    folder = posixpath.dirname(key)
    stop = root.rstrip("/")
    while folder == stop or folder.startswith(stop + "/"):
        folders.append(folder)
        folder = posixpath.dirname(folder)
    return folders
