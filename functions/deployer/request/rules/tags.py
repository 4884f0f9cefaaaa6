"""Rules for tags: those of a request, and those that it gives to one model or to the endpoint config. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.json_document import Document
from deployer.request.problem import Problem
from deployer.tags import OWN_TAGS, RESERVED_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator


MOST_TAGS = 50 - OWN_TAGS - 1
"""Tags that a request may give to one resource; SageMaker takes 50, and the others are the deployer's own."""

_RESERVED = ("aws:", RESERVED_PREFIX)


def tag_problems(request: Document) -> Iterator[Problem]:
    """Yield tags that are reserved or given twice, and lists that are too long."""
    common = request.get("Tags", {})
    for key in common:
        yield from _reserved(f"Tags.{key}", key)
    if len(common) > MOST_TAGS:
        yield Problem("Tags", _too_many(len(common)))
        common = {}
    for path, tags in _lists(request):
        keys = [tag["Key"] for tag in tags]
        for index, key in enumerate(keys):
            yield from _reserved(f"{path}[{index}].Key", key)
            if key in keys[:index]:
                yield Problem(f"{path}[{index}].Key", f"'{key}' is there twice")
        if (count := len({*common, *keys})) > MOST_TAGS:
            yield Problem(path, _too_many(count, " with those of Tags"))


def _lists(request: Document) -> Iterator[tuple[str, list[Document]]]:
    for key, model in request["Models"].items():
        yield f"Models.{key}.Tags", model.get("Tags", [])
    yield "EndpointConfig.Tags", (request.get("EndpointConfig") or {}).get("Tags", [])


def _too_many(count: int, added: str = "") -> str:
    return f"has {count} entries{added}; at most {MOST_TAGS} fit beside those of the deployer, as SageMaker takes 50"


def _reserved(path: str, key: str) -> Iterator[Problem]:
    for prefix in _RESERVED:
        if key.lower().startswith(prefix):
            yield Problem(path, f"begins with {prefix}, which is reserved; choose another key")
