"""What is stored of revisions, as one invocation of a sweep sees it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from deployer.errors import PermanentError
from deployer.planning.store import STORE_PREFIX, request_key, revision_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from deployer.aws.s3 import Objects

_ARTIFACTS = "artifacts"


class StoreView:
    """The deployer's own part of the artifact bucket.

    Args:
        objects: The adapter of S3.
        bucket: The artifact bucket.
    """

    def __init__(self, objects: Objects, bucket: str) -> None:
        self._objects = objects
        self._bucket = bucket

    @cached_property
    def endpoint_names(self) -> list[str]:
        """The endpoints of which anything is stored, in order; listed at the beginning."""
        # S3 lists `a-b/` before `a/`.
        return sorted(self._objects.list_folders(self._bucket, STORE_PREFIX))

    def revisions(self, endpoint_name: str) -> list[str]:
        """List the stored revisions of an endpoint, the newest first."""
        folders = self._objects.list_folders(self._bucket, f"{STORE_PREFIX}{endpoint_name}/")
        return sorted((each for each in folders if each != _ARTIFACTS), reverse=True)

    def artifacts(self, endpoint_name: str) -> list[str]:
        """List the stored artifacts of an endpoint, by their digests."""
        return list(self._objects.list_folders(self._bucket, f"{STORE_PREFIX}{endpoint_name}/{_ARTIFACTS}/"))

    def request(self, endpoint_name: str, revision: str) -> str | None:
        """Read the text of a stored request; an empty one if there is none, None if it cannot be read."""
        try:
            content = self._objects.read(self._bucket, request_key(endpoint_name, revision))
        except PermanentError:
            return None
        return "" if content is None else content.decode(errors="replace")

    def revision_changed_at(self, endpoint_name: str, revision: str) -> datetime | None:
        """Return when a run last stored anything of a revision; None if there is nothing."""
        return self._changed_at(revision_folder(endpoint_name, revision))

    def artifact_changed_at(self, endpoint_name: str, artifact: str) -> datetime | None:
        """Return when the newest object of an artifact was written; None if there is none."""
        return self._changed_at(_artifact_folder(endpoint_name, artifact))

    def delete_revision(self, endpoint_name: str, revision: str) -> None:
        """Delete all that is stored of a revision but its artifacts: the request last, because it protects those."""
        request = request_key(endpoint_name, revision)
        for each in list(self._objects.list_objects(self._bucket, revision_folder(endpoint_name, revision))):
            if each.key != request:
                self._objects.delete_permanently(self._bucket, each.key)
        self._objects.delete_permanently(self._bucket, request)

    def delete_artifact(self, endpoint_name: str, artifact: str, is_over: Callable[[], bool]) -> bool:
        """Delete the objects of an artifact; return False if the time is over before all are deleted."""
        for each in list(self._objects.list_objects(self._bucket, _artifact_folder(endpoint_name, artifact))):
            if is_over():
                return False
            self._objects.delete_permanently(self._bucket, each.key)
        return True

    def _changed_at(self, folder: str) -> datetime | None:
        return max((each.last_modified for each in self._objects.list_objects(self._bucket, folder)), default=None)


def _artifact_folder(endpoint_name: str, artifact: str) -> str:
    return f"{STORE_PREFIX}{endpoint_name}/{_ARTIFACTS}/{artifact}/"
