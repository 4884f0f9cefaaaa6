"""No answer, no schema and no nesting breaks the check of a smoke test's answer."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deployer.json_document import Document
from deployer.request.expectations import Answer, mismatches
from deployer.request.smoke_test import SmokeTest
from deployer.request.smoke_test_rules import problems_of
from tests.unit.smoke_samples import answer, expect

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.usefixtures("stack_of_a_function")


@pytest.mark.filterwarnings("default")
def test_nothing_that_is_elsewhere_is_fetched(tmp_path: Path) -> None:
    """The library would read files from the function's own disk."""
    elsewhere = tmp_path / "answer.json"
    elsewhere.write_text('{"type": "string"}')

    (said,) = mismatches(expect(JsonSchema={"$ref": elsewhere.as_uri()}), answer("1"))

    reason = "cannot be checked: the schema refers to a definition that it does not contain"
    assert said == f"{reason}, Unresolvable: {elsewhere.as_uri()}"


def test_an_answer_of_any_depth_is_looked_at() -> None:
    """The code after the parser may run out of stack for an answer of nearly too many levels."""
    expected = expect(JsonValues={"": 1, "/b": 1}, JsonSchema={"type": "string"})

    for levels in range(800, 1000):
        said = list(mismatches(expected, answer('{"a":' * levels + "1" + "}" * levels)))

        assert len(said) == 3 or said[0].endswith("is not JSON")


def test_a_large_answer_is_looked_at_in_bounds() -> None:
    """A few errors of a list with an error in every entry are compared to find the one to report."""
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
    """Any answer is as expected, or has mismatches of one line each."""
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
    """The value at a JSON Pointer equals itself, with any names in the pointer."""
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
