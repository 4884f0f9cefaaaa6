"""The answers to a smoke test: in which way one may differ, whatever its bytes and whatever was expected."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deployer.json_document import Document
from deployer.request.expectations import Answer, latency_mismatch, mismatches
from deployer.request.smoke_test import Expect, SmokeTest
from deployer.request.smoke_test_rules import problems_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True, scope="module")
def stack_of_a_function() -> Iterator[None]:
    """Python's own limit, as Lambda has it; libraries that only tests import raise it."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(before)


def expect(**fields: Any) -> Expect:
    """Read an expectation as a request has it."""
    return Expect.model_validate(fields)


def answer(body: object, status_code: int = 200, latency_milliseconds: float = 1.0) -> Answer:
    """Build an answer; what is no text is JSON."""
    content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Answer(status_code, content, latency_milliseconds)


FULFILLED = {
    "nothing but the status": (expect(), answer(b"\xff")),
    "another status": (expect(StatusCode=503), answer("busy", status_code=503)),
    "late, which all answers together are judged by": (
        expect(MaxLatencyMilliseconds=500),
        answer("", latency_milliseconds=501.0),
    ),
    "the same text": (expect(Equals="0,9 é"), answer("0,9 é")),
    "nothing": (expect(Equals=""), answer("")),
    "a part of the text": (expect(Contains="é"), answer("0,9 é!")),
    "a part of what is no text": (expect(Contains="ok"), answer(b"\xff\xfeok\xff")),
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
    "a schema that refers to what it does not hold": (
        expect(JsonSchema={"$dynamicRef": "https://example.com/answer"}),
        answer("1"),
        "cannot be checked: the schema refers to what it does not hold, Unresolvable: https://example.com/answer",
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
    """What was found, where, and what was expected instead; on one line of bounded length."""
    (mismatch,) = mismatches(expected, given_answer)

    assert mismatch.startswith(said)
    assert mismatch.isprintable()
    assert len(mismatch) < 600


def test_all_mismatches_are_told_at_once() -> None:
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


@pytest.mark.filterwarnings("default")
def test_nothing_that_is_elsewhere_is_fetched(tmp_path: Path) -> None:
    """Not even from the function's own disk, although the library would."""
    elsewhere = tmp_path / "answer.json"
    elsewhere.write_text('{"type": "string"}')

    (said,) = mismatches(expect(JsonSchema={"$ref": elsewhere.as_uri()}), answer("1"))

    assert said == f"cannot be checked: the schema refers to what it does not hold, Unresolvable: {elsewhere.as_uri()}"


def test_an_answer_of_any_depth_is_looked_at() -> None:
    """At the edge of what can be read at all, whatever comes after may run out of stack."""
    expected = expect(JsonValues={"": 1, "/b": 1}, JsonSchema={"type": "string"})

    for levels in range(800, 1000):
        said = list(mismatches(expected, answer('{"a":' * levels + "1" + "}" * levels)))

        assert len(said) == 3 or said[0].endswith("is not JSON")


def test_a_large_answer_is_looked_at_in_bounds() -> None:
    """Of a list with an error in every entry, a few are compared to find the one to tell of."""
    large = answer(list(range(200_000)))

    (said,) = mismatches(expect(JsonSchema={"items": {"type": "string"}}), large)

    assert re.match(r"does not fit the schema at '\$\[\d\d?\]': \d\d? is not of type 'string'", said)


bodies = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=50).map(lambda text: text.encode(errors="surrogatepass")),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab~/") | st.text(), inner, max_size=3)
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
    st.sampled_from([b"[" * 950 + b"]" * 950, b'{"a":' * 950 + b"1" + b"}" * 950, b"[" * 100_000, b"\x00" * 10_000]),
)
pointers = st.lists(st.sampled_from(["", "a", "b", "0", "1", "-", "~0", "~1"]) | st.just("9" * 5000), max_size=4).map(
    lambda parts: "".join(f"/{part}" for part in parts)
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
DIALECTS = (jsonschema.Draft3Validator, jsonschema.Draft7Validator, jsonschema.Draft202012Validator)
KEYWORDS = sorted({"$schema", "$id", "$anchor", "$defs", "id"}.union(*(dialect.VALIDATORS for dialect in DIALECTS)))
schemas = st.recursive(
    st.sampled_from(
        [
            True,
            False,
            0,
            1,
            -1,
            0.1,
            "object",
            "array",
            "string",
            "#",
            "#a",
            "#/$defs/a",
            "a",
            "(",
            "^(a|b)*$",
            "x:/[",
            "/[",
        ]
    )
    | st.sampled_from([f"http://json-schema.org/draft-0{number}/schema#" for number in (3, 4, 6, 7)]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*KEYWORDS, "a", "b"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@settings(max_examples=700, suppress_health_check=[HealthCheck.too_slow])
@given(
    body=bodies,
    equals=st.none() | st.text(max_size=5),
    json_values=st.dictionaries(pointers, values, max_size=2),
    schema=st.none() | st.dictionaries(st.sampled_from(KEYWORDS), schemas, max_size=4),
)
@example(body=b"[" * 900 + b"]" * 900, equals=None, json_values={}, schema={"type": "x"})
@example(body=b"[" * 900 + b"]" * 900, equals=None, json_values={"/a": 1, "/0": 1}, schema=None)
@example(
    body=b'{"a":' * 900 + b"1" + b"}" * 900, equals=None, json_values={"/b": 1, "/a": 1}, schema={"required": ["b"]}
)
def test_no_answer_and_no_schema_breaks_the_test(
    body: bytes, equals: str | None, json_values: Document, schema: Document | None
) -> None:
    """Whatever the endpoint answers is as expected or is not; there is no third way, and every word fits a line."""
    fields = {"Equals": equals, "Contains": equals, "JsonValues": json_values, "JsonSchema": schema}
    test = SmokeTest.model_validate({"Body": "", "Expect": fields})

    said = [*map(str, problems_of(test, None)), *mismatches(test.expect, Answer(200, body, 1.0))]

    assert all(line.isprintable() for line in said)
    assert all(len(line) < 1000 for line in said)


@settings(max_examples=300)
@given(
    value=st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=8,
    )
)
def test_every_value_of_an_answer_is_found_where_it_is(value: Any) -> None:
    """What a JSON Pointer leads to equals itself, whatever the names on the way."""
    expected = expect(JsonValues={"": value, **dict(pointed_at(value, ""))})

    assert not list(mismatches(expected, answer(json.dumps(value))))


def pointed_at(value: object, path: str) -> list[tuple[str, object]]:
    """List every value within a JSON value, by its JSON Pointer."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found: list[tuple[str, object]] = []
    for key, entry in entries:
        below = f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}"
        found += [(below, entry), *pointed_at(entry, below)]
    return found


def by_sorting(milliseconds: list[float], percent: int) -> float:
    """Return the smallest latency that so many percent of the answers do not exceed."""
    return next(
        each
        for each in sorted(milliseconds)
        if 100 * sum(m <= each for m in milliseconds) >= percent * len(milliseconds)
    )


@given(
    milliseconds=st.lists(st.floats(0, 1000), min_size=1, max_size=30),
    percent=st.integers(1, 100),
    most=st.integers(1, 1000),
)
def test_latency_is_judged_by_its_percentile(milliseconds: list[float], percent: int, most: int) -> None:
    expected = expect(MaxLatencyMilliseconds=most, LatencyPercentile=percent)

    assert bool(latency_mismatch(expected, milliseconds)) == (by_sorting(milliseconds, percent) > most)


@pytest.mark.parametrize(
    ("milliseconds", "message"),
    [
        pytest.param([500.0], "", id="one in time"),
        pytest.param(
            [500.06], "1 of 1 answers took up to 500.1 ms; percentile 95 may be at most 500 ms", id="one late"
        ),
        pytest.param([1.0] * 19 + [9000.0], "", id="one late of twenty"),
        pytest.param(
            [1.0] * 18 + [9000.0], "19 of 19 answers took up to 9000.0 ms; percentile 95 may be", id="one of nineteen"
        ),
    ],
)
def test_one_of_twenty_answers_may_be_late(milliseconds: list[float], message: str) -> None:
    found = latency_mismatch(expect(MaxLatencyMilliseconds=500), milliseconds)

    assert found.startswith(message)
    assert bool(found) == bool(message)


def test_latency_counts_only_where_it_is_expected() -> None:
    assert latency_mismatch(expect(), [60_000.0]) == ""
