"""Whose a resource is, by its tags and its name, and when it was used last. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deployer.planning.names import NAME_LENGTH, Revision, digest, revision_stem
from deployer.tags import STACK_TAG, USED_AT_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_REVISION_SUFFIX = len("-20000101T000000-0123456789ab")
_MODEL = re.compile(r".+-.+-[0-9a-f]{12}")
_MARK_LENGTH = 6


def is_unused_since(moment: datetime, created_at: datetime, tags: Mapping[str, str], stack: str) -> bool:
    """Tell whether a stack's own resource was created, and noted as used for the last time, before a moment."""
    return tags.get(STACK_TAG) == stack and max(created_at, _used_at(tags) or created_at) < moment


def _used_at(tags: Mapping[str, str]) -> datetime | None:
    """Return when a resource was noted as used; the far future if the note cannot be read."""
    text = tags.get(USED_AT_TAG)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def stem_of(config_name: str) -> str | None:
    """Return the stem of the revision that an endpoint config's name says; None if it says none."""
    stem = config_name[:-_REVISION_SUFFIX]
    return stem if stem and Revision.parse(stem, config_name) else None


def may_be_own_model(name: str) -> bool:
    """Tell whether a model's name has the form that this deployer gives: `<EndpointName>-<ModelKey>-<digest>`."""
    return _MODEL.fullmatch(name) is not None


class EndpointNames:
    """Names of endpoints, to find those whose model a model may be by its name.

    Names of models do not say where the endpoint's name ends, and cut it where it is too long: there may be several.

    Args:
        names: Names of endpoints, or the stems of their revisions.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._by_mark: dict[str, list[str]] = defaultdict(list)
        for name in self._names:
            self._by_mark[digest(name)[:_MARK_LENGTH]].append(name)

    def owners_of(self, model_name: str) -> set[str]:
        """Return the endpoints whose model it may be."""
        parts = model_name.split("-")[:-1]
        owners = {"-".join(parts[:count]) for count in range(1, len(parts))} & self._names
        if len(model_name) == NAME_LENGTH:
            # The name of the endpoint may have been cut, and ends in digits of its digest then.
            for index, part in enumerate(parts[1:-1], 1):
                start = "-".join(parts[:index])
                owners |= {name for name in self._by_mark.get(part, ()) if name.startswith(start)}
        return owners

    def __contains__(self, endpoint_name: str) -> bool:
        return bool({endpoint_name, revision_stem(endpoint_name)} & self._names)

    def owns_config(self, config_name: str) -> bool:
        """Tell whether an endpoint config is a revision of one of the endpoints."""
        stem = stem_of(config_name)
        return stem is not None and any(stem in {name, revision_stem(name)} for name in self._names)
