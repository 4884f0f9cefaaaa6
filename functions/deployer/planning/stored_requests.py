"""Reads the stored requests of revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.errors import InvalidRequestError
from deployer.planning.keys import request_key
from deployer.planning.revision_store import StoredRevision

if TYPE_CHECKING:
    from deployer.aws.s3 import Objects


def read_stored(objects: Objects, bucket: str, endpoint_name: str, revision: str) -> StoredRevision | None:
    """Read the stored request of a revision; None if there is none.

    Raises:
        InvalidRequestError: This version cannot read its format.
    """
    content = objects.read(bucket, request_key(endpoint_name, revision))
    return StoredRevision.parse(content) if content is not None else None


def find_readable(objects: Objects, bucket: str, endpoint_name: str, revision: str) -> StoredRevision | None:
    """Read the stored request of a revision; None if there is none, or none that this version can read."""
    try:
        return read_stored(objects, bucket, endpoint_name, revision)
    except InvalidRequestError:
        return None
