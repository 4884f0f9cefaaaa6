"""Requests that are no document of JSON or nested too deep, and how much of a long text is shown."""

from __future__ import annotations

import pytest

from deployer.errors import MESSAGE_BYTES, InvalidRequestError, bounded
from deployer.request.containers import sources
from deployer.request.excerpts import excerpt, quoted_bytes
from deployer.request.model import DEPTH_LIMIT, parse_request
from deployer.request.problem import Problem
from deployer.request.service_model import check_shape
from tests.unit.request_samples import request, with_container


def nested(levels: int) -> object:
    """Build lists, one in the other."""
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


def rejection(document: object) -> str:
    """Return why a request is rejected."""
    with pytest.raises(InvalidRequestError) as rejected:
        parse_request(document)
    return str(rejected.value)


def test_request_that_is_nested_too_deep_is_rejected_as_a_whole() -> None:
    """The request itself is one level."""
    assert rejection(request(Tags=nested(DEPTH_LIMIT - 1))) == "Tags: must be a mapping, and is a list"
    assert rejection(request(Tags=nested(DEPTH_LIMIT))) == f"request: is nested more than {DEPTH_LIMIT} levels deep"


@pytest.mark.parametrize(
    "document",
    [request(Tags={"a": "\ud800"}), request(**{"\udc00": 1}), with_container(Image="\udfff")],
    ids=["a value", "a name", "within a model"],
)
def test_request_with_half_of_a_character_is_rejected_without_its_text(document: object) -> None:
    assert rejection(document) == "request: holds half of a character, which no text can"


def test_text_with_both_halves_of_a_character_is_taken() -> None:
    face = parse_request(request(SmokeTest={"Body": "\U0001f600"})).smoke_test

    assert face
    assert face.body == "\U0001f600"


def test_number_without_a_minimum_is_described_by_its_maximum() -> None:
    assert check_shape("Percentage", 101, "P") == [Problem("P", "101 is not at most 100")]


def test_data_source_without_a_place_in_s3_names_no_data() -> None:
    container = {"Image": "i", "AdditionalModelDataSources": [{"ChannelName": "adapters"}]}

    assert list(sources(container, "Models.m.PrimaryContainer")) == []


def test_text_is_shown_up_to_its_two_hundredth_character() -> None:
    assert excerpt("x" * 200) == "x" * 200
    assert excerpt("x" * 201) == "x" * 200 + "…"
    assert quoted_bytes("😀".encode() * 201) == "'" + "😀" * 200 + "…'"


def test_first_line_that_just_fits_is_kept_whole() -> None:
    line = "x" * (MESSAGE_BYTES - 20)

    assert bounded(f"{line}\n{'y' * 50}") == f"{line}\nand 1 more"
    assert bounded(f"{line}x\n{'y' * 50}") == f"{'x' * (MESSAGE_BYTES - 42)}…\nand 1 more"
