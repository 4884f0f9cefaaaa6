"""The run of a smoke test: how often the endpoint is asked, what counts, and where asynchronous answers are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer import clock
from deployer.aws.inference import Locations
from deployer.errors import AccessDeniedError, InvalidRequestError, SmokeTestFailedError
from deployer.json_document import Document
from deployer.request.expectations import Answer
from deployer.request.smoke_test import BODY_BYTES, SmokeTest
from deployer.smoke_test_run import TEST_SECONDS, ask_asynchronously, run_smoke_test

FUNCTION_SECONDS, SLOWEST_ANSWER, SLOWEST_CHECK = 300, 65, 5


@dataclass
class Time:
    """A clock that goes on when somebody sleeps."""

    now: float = 1000.0

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The time that the step sees."""
    made = Time()
    monkeypatch.setattr(clock, "monotonic", lambda: made.now)
    monkeypatch.setattr(clock, "sleep", made.sleep)
    return made


@dataclass
class Endpoint:
    """An endpoint that answers in its order, each with a latency."""

    latencies: list[float]
    bodies: list[bytes] = field(default_factory=list)
    time: Time | None = None
    asked: int = 0

    def ask(self, _deadline: float) -> Answer:
        """Answer once."""
        latency = self.latencies[min(self.asked, len(self.latencies) - 1)]
        body = self.bodies[min(self.asked, len(self.bodies) - 1)] if self.bodies else b"1"
        self.asked += 1
        if self.time:
            self.time.sleep(latency / 1000)
        return Answer(200, body, latency)


def smoke_test(repetitions: int = 1, **expect: Any) -> SmokeTest:
    """Read a smoke test."""
    return SmokeTest.model_validate({"Body": "1", "Repetitions": repetitions, "Expect": expect})


def test_cold_answer_is_not_measured() -> None:
    endpoint = Endpoint([9000.0, 20.0, 30.0])

    found = run_smoke_test(smoke_test(2, MaxLatencyMilliseconds=100), endpoint.ask)

    assert found == {"Answers": 2, "MaxLatencyMilliseconds": 30.0}
    assert endpoint.asked == 3


def test_cold_answer_has_to_be_right() -> None:
    endpoint = Endpoint([1.0], bodies=[b"2", b"1"])

    with pytest.raises(SmokeTestFailedError, match=r"^The first answer, which is not measured: is '2' instead of '1'$"):
        run_smoke_test(smoke_test(MaxLatencyMilliseconds=100, Equals="1"), endpoint.ask)


def test_late_answers_fail_the_test() -> None:
    with pytest.raises(SmokeTestFailedError, match=r"^2 of 2 answers took up to 300\.0 ms; percentile 95 "):
        run_smoke_test(smoke_test(2, MaxLatencyMilliseconds=100), Endpoint([1.0, 20.0, 300.0]).ask)


@given(repetitions=st.integers(1, 100))
def test_endpoint_is_invoked_as_often_as_the_test_asks(repetitions: int) -> None:
    endpoint = Endpoint([5.0])

    found = run_smoke_test(smoke_test(repetitions), endpoint.ask)

    assert found["Answers"] == repetitions == endpoint.asked


@given(wrong=st.integers(1, 20), repetitions=st.integers(1, 20))
def test_first_wrong_answer_ends_the_test(wrong: int, repetitions: int) -> None:
    endpoint = Endpoint([1.0], bodies=[*[b"1"] * (wrong - 1), b"2"])
    test = smoke_test(repetitions, Equals="1")

    if wrong > repetitions:
        assert run_smoke_test(test, endpoint.ask)
        return
    with pytest.raises(SmokeTestFailedError, match=f"^Answer {wrong} of {repetitions}: is '2' instead of '1'$"):
        run_smoke_test(test, endpoint.ask)
    assert endpoint.asked == wrong


def test_slow_endpoint_does_not_outlast_the_function(time: Time) -> None:
    began = time.now
    endpoint = Endpoint([SLOWEST_ANSWER * 1000.0], time=time)

    with pytest.raises(SmokeTestFailedError, match=r"^4 of 100 answers within 210 s$"):
        run_smoke_test(smoke_test(100), endpoint.ask)

    assert time.now - began + SLOWEST_CHECK < FUNCTION_SECONDS


class Asynchronous:
    """An asynchronous endpoint that puts its answers into S3 after a time."""

    def __init__(self, time: Time, seconds: float, objects: dict[str, bytes], failure: str = "s3://b/f/1") -> None:
        self.time, self.seconds, self.objects, self.failure = time, seconds, objects, failure
        self.asked: list[float] = []

    def invoke_asynchronously(self, _endpoint_name: str, _test: SmokeTest) -> Locations:
        """Take an invocation."""
        self.asked.append(self.time.now)
        return Locations("s3://b/o/1", self.failure)

    def read(self, bucket: str, key: str, limit: int) -> bytes | None:
        """Read an object, when it is there."""
        assert limit == BODY_BYTES
        is_there = self.time.now >= self.asked[-1] + self.seconds
        return self.objects.get(f"s3://{bucket}/{key}") if is_there else None


def run_asynchronously(endpoint: Any, test: SmokeTest) -> Document:
    """Run a smoke test of an asynchronous endpoint."""
    return run_smoke_test(test, lambda deadline: ask_asynchronously(test, "churn", endpoint, endpoint, deadline))


def test_asynchronous_answer_is_read_where_it_is_put(time: Time) -> None:
    endpoint = Asynchronous(time, 30, {"s3://b/o/1": b"0.9"})

    found = run_asynchronously(endpoint, smoke_test(2, Equals="0.9"))

    assert found == {"Answers": 2, "MaxLatencyMilliseconds": 30_000.0}
    assert len(endpoint.asked) == 2


def test_asynchronous_failure_is_reported_with_its_message(time: Time) -> None:
    endpoint = Asynchronous(time, 3, {"s3://b/f/1": b"two columns"})

    with pytest.raises(SmokeTestFailedError, match=r"^Answer 1 of 1: status 0 instead of 200: 'two columns'$"):
        run_asynchronously(endpoint, smoke_test())


def test_asynchronous_failure_without_an_output_is_reported_when_the_time_is_over(time: Time) -> None:
    endpoint = Asynchronous(time, 0, {}, failure="")
    began = time.now

    with pytest.raises(SmokeTestFailedError, match=r"^no answer at s3://b/o/1 within 210 s$"):
        run_asynchronously(endpoint, smoke_test())

    assert TEST_SECONDS <= time.now - began < FUNCTION_SECONDS


def test_asynchronous_answers_have_one_time_together(time: Time) -> None:
    endpoint = Asynchronous(time, 150, {"s3://b/o/1": b"1"})
    began = time.now

    with pytest.raises(SmokeTestFailedError, match=r"^no answer at s3://b/o/1 within 60 s$"):
        run_asynchronously(endpoint, smoke_test(2))

    assert time.now - began < FUNCTION_SECONDS


@pytest.mark.parametrize("error", [AccessDeniedError("denied"), InvalidRequestError("too large")], ids=str)
def test_asynchronous_answer_that_cannot_be_read_fails_the_test(time: Time, error: Exception) -> None:
    class Closed(Asynchronous):
        def read(self, bucket: str, key: str, limit: int) -> bytes | None:
            del bucket, key, limit
            raise error

    with pytest.raises(SmokeTestFailedError, match=f"^the answer cannot be read: {error}$"):
        run_asynchronously(Closed(time, 0, {}), smoke_test())
