"""The adapter of the runtime joins the parts of a stream, up to a length and a time."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import (
    EventStreamError,
)

from deployer import clock, errors
from deployer.json_document import Document
from deployer.request.smoke_test import BODY_BYTES, SmokeTest
from tests.unit.inference.invocations import invoke

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


STREAM = SmokeTest.model_validate({"Body": "1,2", "Streaming": True, "TargetVariant": "B"})


def parts(*contents: bytes) -> list[Document]:
    """Build the events of a stream."""
    return [{"PayloadPart": {"Bytes": content}} for content in contents]


class Stream:
    """A client whose stream has some events, and may break off."""

    def __init__(self, events: Iterable[Document]) -> None:
        self.events = events
        self.asked: Document = {}

    def invoke_endpoint_with_response_stream(self, **asked: Any) -> Document:
        """Answer with the stream."""
        self.asked = asked
        return {"Body": self.events}


def test_parts_of_a_stream_are_one_answer() -> None:
    stream = Stream(parts(b"0.", b"9", b""))

    found = invoke(stream, STREAM)

    assert (found.status_code, found.body) == (200, b"0.9")
    assert stream.asked == {
        "EndpointName": "churn",
        "ContentType": "application/json",
        "Body": b"1,2",
        "TargetVariant": "B",
    }


def broken(code: str) -> Iterator[Document]:
    """Build a stream that ends in an error."""
    yield from parts(b"0.")
    raise EventStreamError({"Error": {"Code": code, "Message": "broken"}}, "InvokeEndpointWithResponseStream")


def test_stream_that_the_model_breaks_off_is_an_answer_without_a_status() -> None:
    found = invoke(Stream(broken("ModelStreamError")), STREAM)

    assert (found.status_code, found.body) == (0, b"broken")


def test_stream_that_the_service_breaks_off_is_asked_for_again() -> None:
    with pytest.raises(
        errors.SageMakerUnavailableError, match=r"^InvokeEndpointWithResponseStream: InternalStreamFailure"
    ):
        invoke(Stream(broken("InternalStreamFailure")), STREAM)


def test_stream_without_an_end_is_read_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    times = itertools.count(0.0, 1.0)
    monkeypatch.setattr(clock, "monotonic", lambda: next(times))

    found = invoke(Stream(itertools.repeat(parts(b"x")[0])), STREAM)

    assert (found.status_code, found.body) == (0, b"the stream did not end in time, or is too long")
    assert next(times) < 70


def test_stream_longer_than_any_answer_is_not_read_on() -> None:
    found = invoke(Stream(itertools.repeat(parts(b"x" * (BODY_BYTES // 2))[0])), STREAM)

    assert (found.status_code, found.body) == (0, b"the stream did not end in time, or is too long")
