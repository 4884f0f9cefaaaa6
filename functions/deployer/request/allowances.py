"""What the stack lets requests name: images, execution roles and buckets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from deployer.request.service_model import Problem, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

Document = dict[str, Any]

_SCHEME = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*)://")

_FREE = frozenset({"Environment", "Tags"})
"""Fields of SageMaker's in which any text may stand."""


@dataclass(frozen=True, slots=True)
class Allowances:
    """What requests may name; an empty list of patterns (with `*` and `?`) allows everything."""

    image_patterns: tuple[str, ...] = ()
    role_patterns: tuple[str, ...] = ()
    buckets: tuple[str, ...] = ()
    open_enums: bool = False
    """Whether values pass that the packaged service model does not list; SageMaker then judges them."""

    def broken(self, document: Document) -> Iterator[Problem]:
        """Yield what a request names and the stack does not allow."""
        # Keys of `Models` are the user's own words, and may be those of fields.
        parts = [(f"Models.{key}", model) for key, model in (document.get("Models") or {}).items()]
        for part, content in (*parts, ("EndpointConfig", document.get("EndpointConfig"))):
            for path, name, value in _texts(content, part):
                if name == "Image":
                    yield from _not_allowed(path, value, self.image_patterns, "AllowedImages")
                elif name == "ExecutionRoleArn":
                    yield from _not_allowed(path, value, self.role_patterns, "AllowedRoleArns")
                elif (match := _SCHEME.match(value)) is None:
                    continue
                elif match["scheme"] == "s3":
                    yield from self._bucket(path, value)
                elif self.buckets:
                    # SageMaker also takes the address of a bucket, which names one in several ways.
                    yield Problem(path, f"{shown(value)} must begin with s3://")
        if uri := (document.get("SmokeTest") or {}).get("BodyS3Uri"):
            yield from self._bucket("SmokeTest.BodyS3Uri", uri)

    def _bucket(self, path: str, uri: str) -> Iterator[Problem]:
        bucket = uri.removeprefix("s3://").partition("/")[0]
        yield from _not_allowed(path, bucket, self.buckets, "AllowedBucketArns")


def _not_allowed(path: str, value: str, patterns: tuple[str, ...], parameter: str) -> Iterator[Problem]:
    if patterns and not any(fnmatchcase(value, pattern) for pattern in patterns):
        yield Problem(path, f"{shown(value)} is not among what this stack allows; see its parameter {parameter}")


def _texts(value: object, path: str, name: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield path, field and text of every text in a document, except where any text may stand."""
    if isinstance(value, str):
        yield path, name, value
    elif isinstance(value, dict):
        for key, entry in value.items():
            if key not in _FREE:
                yield from _texts(entry, f"{path}.{key}", key)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _texts(entry, f"{path}[{index}]", name)
