"""The answers to a smoke test, compared with what was expected. Pure."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jsonpointer

from deployer.request.excerpts import excerpt, quoted, quoted_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deployer.request.smoke_test import Expect

# Else it writes the whole answer into the message of an exception for every value that is missing.
jsonpointer.VERBOSE_EXCEPTIONS = False

_MISSING = object()


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of the endpoint to one invocation.

    Attributes:
        status_code: What the model's container answered; 0 if it gave no answer, or its status is not known.
        body: The answer, or what is known of its failure.
        latency_milliseconds: From the request to the end of the answer.
    """

    status_code: int
    body: bytes
    latency_milliseconds: float


def mismatches(expect: Expect, answer: Answer) -> Iterator[str]:
    """Yield in which way an answer is not what was expected, whatever time it took."""
    if answer.status_code != expect.status_code:
        yield f"status {answer.status_code} instead of {expect.status_code}: {quoted_bytes(answer.body)}"
    if expect.equals is not None and answer.body != expect.equals.encode():
        yield f"is {quoted_bytes(answer.body)} instead of {quoted(expect.equals)}"
    if expect.contains is not None and expect.contains.encode() not in answer.body:
        yield f"{quoted_bytes(answer.body)} does not contain {quoted(expect.contains)}"
    if expect.json_values or expect.json_schema is not None:
        yield from _json_mismatches(expect, answer.body)


def latency_mismatch(expect: Expect, milliseconds: Sequence[float]) -> str:
    """Return whether answers took longer than expected, by the nearest rank of their percentile; empty if not."""
    most = expect.max_latency_milliseconds
    if most is None:
        return ""
    rank = math.ceil(expect.latency_percentile / 100 * len(milliseconds))
    found = sorted(milliseconds)[rank - 1]
    if found <= most:
        return ""
    return (
        f"{rank} of {len(milliseconds)} answers took up to {found:.1f} ms; "
        f"percentile {expect.latency_percentile} may be at most {most} ms"
    )


def _json_mismatches(expect: Expect, body: bytes) -> Iterator[str]:
    try:
        document = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        yield f"{quoted_bytes(body)} is not JSON"
        return
    for pointer, value in expect.json_values.items():
        found = jsonpointer.resolve_pointer(document, pointer, _MISSING)
        if found is _MISSING or isinstance(found, jsonpointer.EndOfList):
            yield f"has nothing at {quoted(pointer)}"
        elif not _is_same(found, value):
            yield f"has {_written(found)} at {quoted(pointer)} instead of {_written(value)}"
    if expect.json_schema is not None:
        from deployer.request.json_schema import schema_mismatch  # noqa: PLC0415 - slow to import, and seldom needed

        if mismatch := schema_mismatch(expect.json_schema, document):
            yield mismatch


def _refuse(constant: str) -> None:
    """Refuse what Python reads beside JSON: NaN and Infinity."""
    raise ValueError(constant)


def _is_same(found: object, expected: object) -> bool:
    """Compare JSON values; unlike Python's, JSON's true is not 1."""
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(_is_same(found[name], expected[name]) for name in expected)
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(_is_same, found, expected))
    return found == expected and isinstance(found, bool) == isinstance(expected, bool)


def _written(value: object) -> str:
    try:
        return excerpt(json.dumps(value))
    except RecursionError:
        return "what is nested too deeply to be shown"
