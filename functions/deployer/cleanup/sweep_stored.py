"""The sweep of the store: requests whose resources are gone, and artifacts that no request names.

Only folders that are named like revisions and artifacts are swept: others are somebody else's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from deployer.cleanup.in_use import stem_of
from deployer.cleanup.sweep import Kind
from deployer.errors import PermanentError
from deployer.planning.keys import STORE_PREFIX
from deployer.planning.revision_store import StoredRevision

if TYPE_CHECKING:
    from deployer.cleanup.sweep import Sweep


_DIGEST = re.compile(r"[0-9a-f]{12}")


class Request(NamedTuple):
    """A stored request: the models that were made of it, and its text, which names its artifacts."""

    models: frozenset[str]
    text: str


def sweep_stored(sweep: Sweep) -> None:
    """Remove the unused stored requests and artifacts, endpoint by endpoint."""
    for endpoint_name in sweep.remaining(_folders(sweep, STORE_PREFIX)):
        prefix = f"{STORE_PREFIX}{endpoint_name}/"
        folders = _folders(sweep, prefix)
        kept = _sweep_requests(sweep, prefix, folders - {"artifacts"})
        expected = folders if sweep.is_dry_run else {*kept, "artifacts"}
        for artifact in filter(_DIGEST.fullmatch, sorted(_folders(sweep, f"{prefix}artifacts/"))):
            # A request that cannot be read may name any artifact.
            is_named = any(request is None or artifact in request.text for request in kept.values())
            if is_named or sweep.account.is_attached(f"{endpoint_name}-"):
                continue
            # A run stores its request before it looks for the artifact.
            if _folders(sweep, prefix) <= expected:
                _remove(sweep, Kind.ARTIFACTS, f"{endpoint_name}/{artifact}", f"{prefix}artifacts/{artifact}/")


def _sweep_requests(sweep: Sweep, prefix: str, revisions: set[str]) -> dict[str, Request | None]:
    """Remove the stored requests of revisions whose config and models are gone; return the other requests.

    One request is enough to protect the artifacts of a model: of several, the newest is kept.
    """
    kept: dict[str, Request | None] = {}
    protected: set[str] = set()
    with_config = revisions & sweep.account.configs.keys()
    for revision in [*with_config, *sorted(revisions - with_config, reverse=True)]:
        request = _read(sweep, f"{prefix}{revision}/request.json")
        is_used = request is None or bool((request.models - protected) & sweep.account.models.keys())
        is_own = bool(stem_of(revision))
        is_free = is_own and not (is_used or revision in with_config or sweep.account.is_attached(revision))
        if not (is_free and _remove(sweep, Kind.REVISIONS, revision, f"{prefix}{revision}/")):
            kept[revision] = request
            protected |= request.models if request else frozenset()
    return kept


def _remove(sweep: Sweep, kind: Kind, name: str, folder: str) -> bool:
    """Remove a folder, unless something was written to it lately."""
    objects = list(sweep.objects.list_objects(sweep.bucket, folder))

    def delete(_name: str) -> None:
        # The request comes last, because it protects the artifacts.
        for each in sorted(objects, key=lambda each: each.key.endswith("/request.json")):
            sweep.account.check_time()
            sweep.objects.delete_permanently(sweep.bucket, each.key)

    is_old = bool(objects) and all(each.last_modified < sweep.cutoff for each in objects)
    return is_old and sweep.remove(kind, name, delete)


def _folders(sweep: Sweep, prefix: str) -> set[str]:
    return set(sweep.objects.list_folders(sweep.bucket, prefix))


def _read(sweep: Sweep, key: str) -> Request | None:
    """Read a request; an empty one if there is none, None if it cannot be read.

    S3 answers NoSuchKey only if the caller may list the key as a prefix, and AccessDenied otherwise (ceph/ceph#68577).
    """
    try:
        content = sweep.objects.read(sweep.bucket, key)
        models = StoredRevision.parse(content).model_names.values() if content else ()
    except PermanentError:
        return None
    return Request(frozenset(models), (content or b"").decode(errors="replace"))
