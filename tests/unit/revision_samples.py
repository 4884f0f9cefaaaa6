"""Revisions, built of requests in a bucket that has every object."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from deployer.aws.s3_objects import Artifact, Listing
from deployer.json_document import Document
from deployer.planning.revision import (
    Defaults,
    Store,
    build_revision,
)
from deployer.request.model import read_request
from tests.unit.accepted_samples import ACCEPTED
from tests.unit.planning_samples import NOON

if TYPE_CHECKING:
    from deployer.planning.draft_state import Content

DEFAULTS = Defaults("arn:aws:iam::111122223333:role/default", "registry/default:1", "ml.m5.large", 2)
ARTIFACT = Artifact("artifacts", "models/churn/model.tar.gz", "v1", 5)
DEPLOYING = {name: document for name, document in ACCEPTED.items() if not document.get("Rollback")}


class EveryObject:
    """S3 in which everything is there that is asked for."""

    def __init__(self, version: str = "v1") -> None:
        self.version = version

    def find(self, bucket: str, key: str) -> Artifact:
        """Find an object."""
        return Artifact(bucket, key, self.version, 5)

    def find_any(self, _bucket: str, _prefix: str) -> bool:
        """Find something under a prefix."""
        return True

    def listing(self, bucket: str, prefix: str) -> Listing:
        """List one object under a prefix."""
        return Listing((Artifact(bucket, f"{prefix}weights", '"e"', 5),), self.version)


def build(  # noqa: PLR0913 - each may differ
    document: Document,
    artifact: Artifact | None = None,
    *,
    defaults: Defaults = DEFAULTS,
    version: str = "v1",
    copy_artifacts: str = "none",
    minutes: float = 0,
) -> Content:
    """Build what the revision of a request is made of, requested some minutes after noon."""
    objects: Any = EveryObject(version)
    store = Store(objects, "artifacts", copy_artifacts)
    checked = read_request({"EndpointName": "churn", **document})
    return build_revision(checked, NOON + timedelta(minutes=minutes), artifact, defaults, store)


def digest_of(content: Content) -> str:
    """Return the digest in the name of a revision."""
    return str(content.revision).rpartition("-")[2]
