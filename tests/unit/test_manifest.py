"""Manifests: YAML that stands for JSON."""

from __future__ import annotations

import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.errors import InvalidRequestError
from deployer.request.manifest import read_manifest


@settings(max_examples=500)
@given(text=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_text_is_a_document_or_is_rejected(text: bytes) -> None:
    """No manifest crashes the reader, whatever it holds."""
    try:
        read_manifest(text)
    except InvalidRequestError as rejected:
        assert str(rejected).startswith("deployment.yaml")  # noqa: PT017 - either is right


MANIFESTS = {
    "broken": (b"a: [1, 2\nb: 3", "deployment.yaml, line 2, column 2"),
    "an alias": (b"a: &x 1\nb: *x", "deployment.yaml, line 2, column 4: uses an alias"),
    "a key twice": (b"a: 1\na: 2", "has the key 'a' twice"),
    "a key that is not text": (b"1: 2", "has a key that is not text, 1"),
    "not a number": (b"a: .nan", "has .nan, which is not a number"),
    "an object": (b"a: !!python/object:os.system 1", "could not determine a constructor"),
    "no UTF-8": (b"a: \xff", "is not UTF-8 text, at byte 3"),
    "too large": (b"#" * 300_000, "has 300000 bytes"),
    "half of a character": (b'a: "\\ud800"', "has half of a character"),
    "too deep": (b"[" * 60 + b"]" * 60, "line 1, column 51: holds too many or too deeply nested"),
}


@pytest.mark.parametrize(("text", "said"), MANIFESTS.values(), ids=MANIFESTS)
def test_manifest_that_is_not_json_is_reported_with_the_line(text: bytes, said: str) -> None:
    """A manifest is YAML that stands for JSON."""
    with pytest.raises(InvalidRequestError, match=r"^deployment\.yaml") as rejected:
        read_manifest(text)

    assert said in str(rejected.value)


def test_a_trace_quotes_nothing_of_the_manifest() -> None:
    """Values such as a container's environment may be secret; where the fault is says the message."""
    secret = b"hunter2"
    text = b"KEY: %s: %s" % (secret, secret)

    with pytest.raises(InvalidRequestError) as rejected:
        read_manifest(text)

    assert secret.decode() not in "".join(traceback.format_exception(rejected.value))


def test_value_in_the_form_of_a_date_stays_text() -> None:
    """JSON has no dates, and an empty manifest is an empty request."""
    assert read_manifest(b"a: 2026-11-24") == {"a": "2026-11-24"}
    assert read_manifest(b"# nothing yet") == {}


def test_manifest_in_json_may_be_indented_by_tabs() -> None:
    assert read_manifest(b'{\n\t"Tags":\t{"team": "growth"}\n}\n', "deployment.json") == {"Tags": {"team": "growth"}}


def test_message_names_the_file() -> None:
    with pytest.raises(InvalidRequestError, match=r"^deployment\.json, line 1, column 10: has the key 'a' twice"):
        read_manifest(b'{"a": 1, "a": 2}', "deployment.json")
