"""The latency of a smoke test is checked by its percentile."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.request.expectations import latency_mismatch
from tests.unit.smoke_samples import expect

pytestmark = pytest.mark.usefixtures("stack_of_a_function")


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
def test_latency_is_checked_by_its_percentile(milliseconds: list[float], percent: int, most: int) -> None:
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
