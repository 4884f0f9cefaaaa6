"""The sweep of what is stored of revisions: requests of which nothing is left, and artifacts that no request names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from deployer.cleanup.sweep_state import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from deployer.cleanup.sweep import Sweep


def sweep_stored(sweep: Sweep) -> bool:
    """Remove the stored requests and artifacts that are unused; return False if the time is over before."""
    for endpoint_name in sweep.store.endpoint_names:
        if endpoint_name <= sweep.cursor.after:
            continue
        if sweep.is_over:
            return False
        requests = {each: sweep.store.request(endpoint_name, each) for each in sweep.store.revisions(endpoint_name)}
        kept = _sweep_requests(sweep, endpoint_name, requests)
        if kept is None or not _sweep_artifacts(sweep, endpoint_name, requests, kept):
            return False
        sweep.cursor.after = endpoint_name
    return True


def model_names_of(request: str | None) -> set[str] | None:
    """Return the models of a stored request, given its text; None if it cannot be told which they are."""
    if not request:
        return None if request is None else set()
    try:
        names = json.loads(request)["ModelNames"].values()
    except (ValueError, LookupError, AttributeError, TypeError):
        return None
    return set(names) if all(isinstance(name, str) for name in names) else None


def unmentioned(artifacts: Iterable[str], requests: Iterable[str | None]) -> list[str]:
    """Return the artifacts, by their digests, that no stored request mentions; none if one cannot be read."""
    texts = list(requests)
    if None in texts:
        return []
    return [artifact for artifact in artifacts if not any(artifact in text for text in texts if text)]


def _sweep_requests(
    sweep: Sweep, endpoint_name: str, requests: Mapping[str, str | None]
) -> dict[str, str | None] | None:
    """Remove the unused requests of an endpoint; return those that stay, or None if the time is over before."""
    kept = {revision: text for revision, text in requests.items() if _is_kept(sweep, endpoint_name, revision)}
    for revision, text in requests.items():
        if revision in kept:
            continue
        if sweep.is_over:
            return None
        is_unused = _is_unused(sweep, endpoint_name, revision, model_names_of(text), kept)
        if not (is_unused and _remove_revision(sweep, endpoint_name, revision)):
            kept[revision] = text
    return kept


def _is_kept(sweep: Sweep, endpoint_name: str, revision: str) -> bool:
    """Tell whether a revision's config is there, or a run has worked on it lately."""
    if revision in sweep.account.configs and revision not in sweep.account.removed:
        return True
    changed_at = sweep.store.revision_changed_at(endpoint_name, revision)
    return changed_at is None or changed_at >= sweep.rules.cutoff


def _is_unused(
    sweep: Sweep, endpoint_name: str, revision: str, models: set[str] | None, kept: Mapping[str, str | None]
) -> bool:
    """Tell whether nothing is left that was made of a stored request.

    A model that is also another revision's is protected by that one's request, which names the same artifacts.
    """
    if models is None or endpoint_name in sweep.account.protected() or sweep.account.has_config(revision):
        return False
    shared = [names for names in map(model_names_of, kept.values()) if names]
    return not any(sweep.account.has_model(name) for name in models.difference(*shared))


def _sweep_artifacts(
    sweep: Sweep, endpoint_name: str, requests: Mapping[str, str | None], kept: Mapping[str, str | None]
) -> bool:
    """Remove the artifacts of an endpoint that no request names; return False if the time is over before."""
    for artifact in unmentioned(sweep.store.artifacts(endpoint_name), kept.values()):
        changed_at = sweep.store.artifact_changed_at(endpoint_name, artifact)
        if changed_at is None or changed_at >= sweep.rules.cutoff or endpoint_name in sweep.account.protected():
            continue
        # A run stores its request before it looks for the artifact.
        new = [each for each in sweep.store.revisions(endpoint_name) if each not in requests]
        if unmentioned([artifact], [sweep.store.request(endpoint_name, each) for each in new]):
            _remove_artifact(sweep, endpoint_name, artifact)
        if sweep.is_over:
            return False
    return True


def _remove_revision(sweep: Sweep, endpoint_name: str, revision: str) -> bool:
    def delete() -> bool:
        sweep.store.delete_revision(endpoint_name, revision)
        return True

    return sweep.remove(Kind.REVISIONS, revision, delete)


def _remove_artifact(sweep: Sweep, endpoint_name: str, artifact: str) -> None:
    def delete() -> bool:
        return sweep.store.delete_artifact(endpoint_name, artifact, lambda: sweep.is_over)

    sweep.remove(Kind.ARTIFACTS, f"{endpoint_name}/{artifact}", delete)
