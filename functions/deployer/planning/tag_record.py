"""The record of a request's tags, which an endpoint config bears: they are not content, and are changed in place. Pure.

It says when they were requested, what they are (as a digest), and which keys they have (as short digests), so that
another request's tags are noticed, the newest ones stay, and only tags that a request has set are removed again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployer.planning.names import digest
from deployer.tags import RESERVED_PREFIX, STACK_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from deployer.json_document import Document

_VALUE_LENGTH = 256
"""Characters that the value of a tag can have (SageMaker API Reference, Tag)."""


@dataclass(frozen=True, slots=True)
class TagRecord:
    """The record of the tags that a request has set.

    Attributes:
        requested_at: When they were requested, in UTC; empty if nothing is known.
        digest: What they are; empty if there are none.
        keys: Short digests of their keys.
    """

    requested_at: str
    digest: str
    keys: frozenset[str]

    @classmethod
    def of(cls, request: Document, requested_at: datetime) -> TagRecord:
        """Return the record of a complete request's tags: the common ones, and those of its models and its config."""
        lists = {f"Models.{key}": model.get("Tags", []) for key, model in request["Models"].items()}
        lists["EndpointConfig"] = request["EndpointConfig"].get("Tags", [])
        given = {path: {tag["Key"]: tag["Value"] for tag in tags} for path, tags in lists.items() if tags}
        keys = {*request["Tags"], *(key for tags in given.values() for key in tags)}
        content = {"Tags": request["Tags"], **given}
        return cls(f"{requested_at:%Y%m%dT%H%M%S}", digest(content) if keys else "", frozenset(map(_short, keys)))

    @classmethod
    def parse(cls, text: str) -> TagRecord:
        """Read a record; without any, nothing is known."""
        requested_at, _, rest = text.partition(" ")
        what, *keys = rest.split(" ")
        return cls(requested_at, what, frozenset(keys))

    @property
    def text(self) -> str:
        """The value of the tag; keys beyond its length are not recorded."""
        return " ".join([self.requested_at, self.digest, *sorted(self.keys)])[:_VALUE_LENGTH].rstrip()

    def replaces(self, other: TagRecord) -> bool:
        """Return whether these are other tags that were requested later; within one second the digest decides."""
        is_newer = (self.requested_at, self.digest) > (other.requested_at, other.digest)
        return self.digest != other.digest and is_newer


def requested_tags(request: Document, document: Document) -> dict[str, str]:
    """Return a request's tags for a resource: the common ones, and those in the document of the resource itself."""
    return {**request.get("Tags", {}), **{tag["Key"]: tag["Value"] for tag in document.get("Tags", [])}}


def tag_changes(
    present: Mapping[str, str], wanted: Mapping[str, str], recorded: TagRecord, stack: str
) -> tuple[dict[str, str], list[str]]:
    """Return the tags to set and the keys to remove, so that a resource bears a request's tags.

    What another stack owns stays as it is, and so do tags that no request has set.

    Args:
        present: The resource's tags.
        wanted: The request's tags for it.
        recorded: What is known of those of the request before.
        stack: The stack's name.
    """
    if present.get(STACK_TAG) != stack:
        return {}, []
    return {key: value for key, value in wanted.items() if present.get(key) != value}, [
        *_gone(present, wanted, recorded)
    ]


def _gone(present: Mapping[str, str], wanted: Mapping[str, str], recorded: TagRecord) -> Iterator[str]:
    for key in present:
        is_free = not key.lower().startswith(("aws:", RESERVED_PREFIX))
        if is_free and key not in wanted and _short(key) in recorded.keys:
            yield key


def _short(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:4]
