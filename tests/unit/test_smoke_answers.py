"""An answer to a smoke test is as expected, or each mismatch is described."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.request.expectations import Answer, mismatches
from tests.unit.smoke_samples import answer, expect

if TYPE_CHECKING:
    from deployer.request.smoke_test import Expect


pytestmark = pytest.mark.usefixtures("stack_of_a_function")

FULFILLED = {
    "nothing but the status": (expect(), answer(b"\xff")),
    "another status": (expect(StatusCode=503), answer("busy", status_code=503)),
    "late, which counts for all answers together": (
        expect(MaxLatencyMilliseconds=500),
        answer("", latency_milliseconds=501.0),
    ),
    "the same text": (expect(Equals="0,9 é"), answer("0,9 é")),
    "nothing": (expect(Equals=""), answer("")),
    "a part of the text": (expect(Contains="é"), answer("0,9 é!")),
    "a part of what is not text": (expect(Contains="ok"), answer(b"\xff\xfeok\xff")),
    "a value": (expect(JsonValues={"/a": 1}), answer({"a": 1, "b": 2})),
    "a whole value": (expect(JsonValues={"": [1, 2]}), answer([1, 2])),
    "a value that is null": (expect(JsonValues={"/a": None}), answer({"a": None})),
    "an entry of a list": (expect(JsonValues={"/a/1/b": "x"}), answer({"a": [{}, {"b": "x"}]})),
    "names with slashes and tildes": (expect(JsonValues={"/a~1b/c~0d/~01": 1}), answer({"a/b": {"c~d": {"~1": 1}}})),
    "an empty name": (expect(JsonValues={"/": {"x": 2}, "//x": 2}), answer({"": {"x": 2}})),
    "a whole number as a fraction": (expect(JsonValues={"/a": 1}), answer(b'{"a": 1.0}')),
    "members in another order": (expect(JsonValues={"/a": {"x": 1, "y": 2}}), answer({"a": {"y": 2, "x": 1}})),
    "what fits a schema": (
        expect(JsonSchema={"required": ["a"], "properties": {"a": {"maximum": 1}}}),
        answer({"a": 0.5}),
    ),
    "JSON in UTF-16": (expect(JsonValues={"/a": 1}), answer('{"a": 1}'.encode("utf-16"))),
    "JSON with a mark of its bytes": (expect(JsonValues={"/a": 1}), answer(b'\xef\xbb\xbf{"a": 1}')),
    "all at once": (
        expect(
            StatusCode=200, MaxLatencyMilliseconds=2, Equals="[1]", Contains="1", JsonValues={"/0": 1}, JsonSchema={}
        ),
        answer("[1]"),
    ),
}


@pytest.mark.parametrize(("expected", "given_answer"), FULFILLED.values(), ids=FULFILLED)
def test_answer_as_expected_has_no_mismatch(expected: Expect, given_answer: Answer) -> None:
    """Nothing is said of it."""
    assert not list(mismatches(expected, given_answer))


MISMATCHING = {
    "another status": (expect(), answer("no model", 500), "status 500 instead of 200: 'no model'"),
    "success where there should be none": (expect(StatusCode=400), answer("ok"), "status 200 instead of 400: 'ok'"),
    "other text": (expect(Equals="1"), answer("1\n"), "is '1\\n' instead of '1'"),
    "bytes that only look the same": (expect(Equals="\ufffd"), answer(b"\xff"), "is '\ufffd' instead of '\ufffd'"),
    "text in another case": (expect(Contains="OK"), answer("ok"), "'ok' does not contain 'OK'"),
    "a long text": (
        expect(Equals="b" * 9000),
        answer("a" * 9000),
        f"is '{'a' * 200}…' instead of '{'b' * 200}…'",
    ),
    "no JSON": (expect(JsonValues={"/a": 1}), answer("<html>"), "'<html>' is not JSON"),
    "nothing": (expect(JsonSchema={}), answer(b""), "'' is not JSON"),
    "no JSON but Python": (expect(JsonSchema={}), answer(b'{"a": NaN}'), "'{\"a\": NaN}' is not JSON"),
    "no number": (expect(JsonSchema={}), answer(b"-Infinity"), "'-Infinity' is not JSON"),
    "a number beyond all bounds": (expect(JsonSchema={}), answer(b"1" * 5000), f"'{'1' * 200}…' is not JSON"),
    "JSON beyond any depth": (expect(JsonSchema={}), answer(b"[" * 100_000), f"'{'[' * 200}…' is not JSON"),
    "another value": (expect(JsonValues={"/a": 1}), answer({"a": 2}), "has 2 at '/a' instead of 1"),
    "true for 1": (expect(JsonValues={"/a": 1}), answer({"a": True}), "has true at '/a' instead of 1"),
    "1 for true": (expect(JsonValues={"/a": True}), answer({"a": 1}), "has 1 at '/a' instead of true"),
    "true for 1 within": (
        expect(JsonValues={"": {"a": [0, 1]}}),
        answer({"a": [False, 1]}),
        'has {"a": [false, 1]} at \'\' instead of {"a": [0, 1]}',
    ),
    "text for a number": (expect(JsonValues={"/a": 1}), answer({"a": "1"}), "has \"1\" at '/a' instead of 1"),
    "a member more": (
        expect(JsonValues={"/a": {}}),
        answer({"a": {"b": 1}}),
        "has {\"b\": 1} at '/a' instead of {}",
    ),
    "an entry more": (expect(JsonValues={"/a": [1]}), answer({"a": [1, 1]}), "has [1, 1] at '/a' instead of [1]"),
    "a mapping for a list": (expect(JsonValues={"/a": []}), answer({"a": {}}), "has {} at '/a' instead of []"),
    "no such member": (expect(JsonValues={"/b": None}), answer({"a": 1}), "has nothing at '/b'"),
    "nothing to have members": (expect(JsonValues={"/a/b": 1}), answer({"a": 1}), "has nothing at '/a/b'"),
    "a character of a text": (expect(JsonValues={"/a/0": "x"}), answer({"a": "xyz"}), "has nothing at '/a/0'"),
    "a list that is too short": (expect(JsonValues={"/1": 1}), answer([1]), "has nothing at '/1'"),
    "the end of a list": (expect(JsonValues={"/-": 1}), answer([1]), "has nothing at '/-'"),
    "a negative index": (expect(JsonValues={"/-1": 1}), answer([1]), "has nothing at '/-1'"),
    "an index with a zero": (expect(JsonValues={"/00": 1}), answer([1]), "has nothing at '/00'"),
    "an index of another script": (expect(JsonValues={"/\u0661": 2}), answer([1, 2]), "has nothing at '/\u0661'"),
    "an index beyond all bounds": (
        expect(JsonValues={"/" + "9" * 5000: 1}),
        answer([1]),
        f"has nothing at '/{'9' * 199}…'",
    ),
    "what does not fit a schema": (
        expect(JsonSchema={"properties": {"a": {"items": {"type": "string"}}}}),
        answer({"a": ["x", 1]}),
        "does not fit the schema at '$.a[1]': 1 is not of type 'string'",
    ),
    "a name of several lines": (
        expect(JsonSchema={"properties": {"a\nb": {"type": "string"}}}),
        answer({"a\nb": 1}),
        "does not fit the schema at '$['a\\nb']': 1 is not of type 'string'",
    ),
    "a schema that refers to a definition that it does not contain": (
        expect(JsonSchema={"$dynamicRef": "https://example.com/answer"}),
        answer("1"),
        "cannot be checked: the schema refers to a definition that it does not contain, Unresolvable: https://example.com/answer",
    ),
    "a schema without an end": (
        expect(JsonSchema={"$ref": "#"}),
        answer("1"),
        "cannot be checked by the schema: RecursionError: maximum recursion depth exceeded",
    ),
    "an answer that is too deep for a schema": (
        expect(JsonSchema={"items": {"$ref": "#"}}),
        answer("[" * 800 + "]" * 800),
        "cannot be checked by the schema: RecursionError: maximum recursion depth exceeded",
    ),
    "a number that is too large for a schema": (
        expect(JsonSchema={"multipleOf": 0.1}),
        answer("1e999"),
        "cannot be checked by the schema: OverflowError: ",
    ),
    "a schema that refers to no schema": (
        expect(JsonSchema={"$ref": "#/x", "x": 5}),
        answer("1"),
        "cannot be checked by the schema: TypeError: ",
    ),
}


@pytest.mark.parametrize(("expected", "given_answer", "said"), MISMATCHING.values(), ids=MISMATCHING)
def test_an_answer_that_is_not_as_expected_is_described(expected: Expect, given_answer: Answer, said: str) -> None:
    """The found value, its place and the expected one, on one line of bounded length."""
    (mismatch,) = mismatches(expected, given_answer)

    assert mismatch.startswith(said)
    assert mismatch.isprintable()
    assert len(mismatch) < 600


def test_all_mismatches_are_reported_at_once() -> None:
    """A person mends a model once, not once for each expectation."""
    expected = expect(
        StatusCode=201,
        MaxLatencyMilliseconds=1,
        Equals="x",
        Contains="y",
        JsonValues={"/a": 1, "/b": 2},
        JsonSchema={"type": "array"},
    )

    assert list(mismatches(expected, answer({"a": 0}, latency_milliseconds=2))) == [
        "status 200 instead of 201: '{\"a\": 0}'",
        "is '{\"a\": 0}' instead of 'x'",
        "'{\"a\": 0}' does not contain 'y'",
        "has 0 at '/a' instead of 1",
        "has nothing at '/b'",
        "does not fit the schema at '$': {'a': 0} is not of type 'array'",
    ]
