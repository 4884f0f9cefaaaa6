"""Why a request is superseded before it is compared with what is live: an upload came later, or other weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.planning.plan import Action

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployer.aws.s3_objects import Artifact
    from deployer.planning.draft_state import Draft
    from deployer.planning.revision import Store

_DEPLOYING_ACTIONS = frozenset({Action.WAIT, Action.CREATE, Action.UPDATE})
"""Actions that are superseded by a newer version of the upload."""


def superseding(draft: Draft, action: Action, store: Store, uploads: Mapping[str, Artifact]) -> str:
    """Return why a draft with an action is superseded; empty if it is not.

    The `uploads` have been looked up already, by their URIs.
    """
    if newer := (_newer_version(draft, store, uploads) if action in _DEPLOYING_ACTIONS else None):
        return overwritten(newer)
    return _later_weights(draft, store) if action in {Action.CREATE, Action.UPDATE} else ""


def overwritten(newer: Artifact) -> str:
    """Return the newer version of an upload; that version has an event and an execution of its own."""
    return f"{newer.uri} has been uploaded again, as version {newer.version}"


def _newer_version(draft: Draft, store: Store, uploads: Mapping[str, Artifact]) -> Artifact | None:
    """Return the newer version of the uploaded object; None if there is none."""
    upload = draft.upload
    if upload is None:
        return None
    found = uploads.get(f"s3://{upload.bucket}/{upload.key}")
    current = found or store.objects.find(upload.bucket, upload.key)
    return current if current and current.version != upload.version else None


def _later_weights(draft: Draft, store: Store) -> str:
    """Describe the later request whose weights the draft's endpoint config was given; empty if there is none.

    Then this is a late copy of a request that was deployed: its endpoint has been deleted since, or replaced by hand.
    """
    name = draft.wanted.name
    served = store.weights.last(draft.endpoint_name, name).revision
    return "" if served == name else f"{name} was deployed, and then given the weights of {served}, requested later"
