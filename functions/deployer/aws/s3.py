"""The only code that speaks to S3: artifacts and manifests are looked up and read, never written or deleted."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, HTTPClientError, ParamValidationError
from botocore.exceptions import ConnectionError as NoConnectionError

from deployer.errors import AccessDeniedError, DeployerError, InvalidRequestError, StorageUnavailableError

if TYPE_CHECKING:
    from botocore.client import BaseClient

ARTIFACT_NAME = "model.tar.gz"
MANIFEST_NAME = "deployment.yaml"
MANIFEST_LIMIT = 256 * 1024
"""Bytes; more cannot pass through a state machine."""

_MISSING = frozenset({"404", "NoSuchKey", "NotFound", "NoSuchBucket", "NoSuchVersion"})
_DENIED = frozenset({"403", "AccessDenied", "Forbidden"})
_WRONG = frozenset({"400", "InvalidArgument", "KeyTooLongError", "InvalidBucketName", "PermanentRedirect", "301"})


@dataclass(frozen=True, slots=True)
class Artifact:
    """One version of one S3 object."""

    bucket: str
    key: str
    version: str
    """The object's version id; its ETag where the bucket keeps no versions."""
    size: int = 0
    """Bytes, where it was looked up."""

    @property
    def uri(self) -> str:
        """`s3://bucket/key`."""
        return f"s3://{self.bucket}/{self.key}"


class Artifacts:
    """The artifacts that requests speak of.

    Every method raises the leaves of `deployer.errors`; none retries, because the state machine does.
    """

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    def find(self, bucket: str, key: str) -> Artifact | None:
        """Look up the current version of an object; None if there is none."""
        try:
            head = self._call("head_object", Bucket=bucket, Key=key)
        except _ObjectMissingError:
            return None
        return Artifact(bucket, key, _version(head.get("VersionId"), head["ETag"]), head["ContentLength"])

    def find_any(self, bucket: str, prefix: str) -> bool:
        """Tell whether there is any object under a prefix."""
        try:
            return bool(self._call("list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=1).get("Contents"))
        except _ObjectMissingError:
            return False

    def newest_below(self, bucket: str, folder: str) -> Artifact | None:
        """Look up the `model.tar.gz` that was uploaded last anywhere below a folder.

        A folder that has a manifest of its own on the way down answers for itself, so what lies in it is passed over.
        """
        listed, top = self._list(bucket, folder), folder.rstrip("/")
        governed = {
            posixpath.dirname(entry["Key"])
            for entry in listed
            if posixpath.basename(entry["Key"]) == MANIFEST_NAME and posixpath.dirname(entry["Key"]) != top
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

    def read(self, bucket: str, key: str, limit: int = MANIFEST_LIMIT) -> bytes | None:
        """Read a small object; None if there is none.

        Raises:
            InvalidRequestError: The object is larger than the limit, in bytes.
        """
        try:
            answer = self._call("get_object", Bucket=bucket, Key=key)
        except _ObjectMissingError:
            return None
        if answer["ContentLength"] > limit:
            raise InvalidRequestError(f"{key}: has {answer['ContentLength']} bytes; at most {limit} are read")
        content: bytes = answer["Body"].read()
        return content

    def nearest_manifest(self, bucket: str, key: str, root: str) -> bytes | None:
        """Read the manifest that governs an object: the first met from its folder upwards to the root folder."""
        for folder in _folders(key, root):
            content = self.read(bucket, posixpath.join(folder, MANIFEST_NAME))
            if content is not None:
                return content
        return None

    def _list(self, bucket: str, folder: str) -> list[dict[str, Any]]:
        """List everything below a folder, in pages of 1000, up to a bound that no endpoint's folder should reach."""
        entries: list[dict[str, Any]] = []
        page: dict[str, Any] = {}
        for _ in range(50):
            page = self._call(
                "list_objects_v2",
                Bucket=bucket,
                Prefix=folder.rstrip("/") + "/",
                **({"ContinuationToken": page["NextContinuationToken"]} if page else {}),
            )
            entries += page.get("Contents", [])
            if not page["IsTruncated"]:
                return entries
        raise InvalidRequestError(
            f"s3://{bucket}/{folder}: holds more than {len(entries)} objects; name the ModelDataUrl"
        )

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**parameters)
        except ClientError as error:
            raise _named(error, f"s3://{parameters['Bucket']}/{parameters.get('Key', '')}") from error
        except ParamValidationError as error:
            raise InvalidRequestError(f"s3://{parameters['Bucket']}/{parameters.get('Key', '')}: {error}") from error
        except (HTTPClientError, NoConnectionError) as error:
            raise StorageUnavailableError(f"{operation}: {error}") from error
        return answer


class _ObjectMissingError(DeployerError):
    """There is no such object; the callers above turn it into None."""


def _named(error: ClientError, uri: str) -> DeployerError:
    code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    if code in _MISSING:
        return _ObjectMissingError(uri)
    if code in _DENIED:
        return AccessDeniedError(f"{uri}: {message} (the deployer may read only the buckets that the stack allows)")
    if code in _WRONG:
        return InvalidRequestError(f"{uri}: {message}")
    return StorageUnavailableError(f"{uri}: {code}: {message}")


def _version(version_id: str | None, etag: str) -> str:
    """Name the version; "null" is what objects from before versioning was turned on all have."""
    return version_id if version_id and version_id != "null" else etag.strip('"')


def _folders(key: str, root: str) -> list[str]:
    """List the folders of a key from its own upwards to the root folder, both included."""
    folders = []
    folder = posixpath.dirname(key)
    stop = root.rstrip("/")
    while folder == stop or folder.startswith(stop + "/"):
        folders.append(folder)
        folder = posixpath.dirname(folder)
    return folders


def parse_uri(uri: str) -> tuple[str, str]:
    """Take `s3://bucket/key` apart; the caller has checked that it is one."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
