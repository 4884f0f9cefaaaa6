"""Requests that no document of JSON can be, or that are too large for every field of them to be checked."""

from __future__ import annotations

import pytest

from deployer.errors import InvalidRequestError
from deployer.request.containers import sources
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


def test_number_with_no_least_is_told_by_its_most() -> None:
    assert check_shape("Percentage", 101, "P") == [Problem("P", "101 is not at most 100")]


def test_data_source_without_a_place_in_s3_names_no_data() -> None:
    container = {"Image": "i", "AdditionalModelDataSources": [{"ChannelName": "adapters"}]}

    assert list(sources(container, "Models.m.PrimaryContainer")) == []
