"""When a run looks again: while it waits its turn, and while it waits for SageMaker."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.planning.decisions import first_look_seconds, next_look_seconds, requested, wait_seconds
from tests.unit.planning_samples import NOON, at

POLL_INTERVALS = range(1, 300 + 1)
"""What the parameter PollIntervalSeconds allows."""

LONGEST_TIMEOUT = timedelta(hours=12)
"""What the parameter DeploymentTimeoutSeconds allows."""

MOST_EVENTS = 25_000
"""How many events the history of an execution may have (Step Functions Developer Guide, Service quotas)."""

ROUND_EVENTS = 9
"""Of a Wait state 2, of a Lambda task 5 and of a Choice state 2: WaitForOtherDeployment, PlanAgain, ChooseAction."""


def waits(shortest: int) -> list[int]:
    """List the waits of a run that waits its turn for as long as a run can."""
    elapsed, found = timedelta(), []
    while elapsed < LONGEST_TIMEOUT:
        found.append(wait_seconds(shortest, elapsed))
        elapsed += timedelta(seconds=found[-1])
    return found


@pytest.mark.parametrize("shortest", POLL_INTERVALS)
def test_longest_wait_for_a_turn_fits_the_history_of_an_execution(shortest: int) -> None:
    """Half of the events are left to the deployment itself."""
    assert len(waits(shortest)) * ROUND_EVENTS <= MOST_EVENTS / 2


@given(shortest=st.sampled_from(POLL_INTERVALS), elapsed=st.timedeltas(timedelta(), LONGEST_TIMEOUT))
def test_wait_for_a_turn_is_a_fraction_of_the_elapsed_time(shortest: int, elapsed: timedelta) -> None:
    seconds = wait_seconds(shortest, elapsed)

    assert shortest <= seconds <= 300
    assert seconds <= max(shortest, elapsed.total_seconds() / 8)


def test_waits_for_a_turn_grow() -> None:
    found = waits(1)

    assert found == sorted(found)
    assert (found[0], found[-1]) == (1, 300)


def looks(first: int) -> list[int]:
    """List the seconds of the looks at an endpoint that no event reports on, up to a day."""
    found, pause = [first], first
    while found[-1] < 24 * 3600:
        pause *= 2
        found.append(found[-1] + pause)
    return found


@given(left=st.integers(1, 43_200) | st.floats(0.001, 43_200))
def test_doubling_looks_end_just_before_the_deadline(left: float) -> None:
    first = first_look_seconds(at(0) + timedelta(seconds=left), at(0))

    last = max((look for look in looks(first) if look <= left), default=first)
    count = looks(first).index(last) + 1
    assert 1 <= first <= 900
    # The first look is rounded down to a whole second, and each further one doubles that.
    assert left - last < 2**count


@given(left=st.integers(1, 43_200), change=st.integers(1, 43_200))
def test_look_comes_at_most_as_late_again_as_the_change_took(left: int, change: int) -> None:
    first = first_look_seconds(at(0) + timedelta(seconds=left), at(0))

    noticed = next(look for look in looks(first) if look >= change)

    assert noticed <= max(first, 3 * change)


def test_longest_deployment_is_looked_at_few_times() -> None:
    found = looks(first_look_seconds(NOON + LONGEST_TIMEOUT, NOON))

    assert len([look for look in found if look <= 8 * 3600]) <= 6


@pytest.mark.parametrize(("left", "first"), [(60, 60), (900, 900), (901, 300), (7200, 480), (43_200, 685)])
def test_first_look_comes_within_a_quarter_of_an_hour(left: int, first: int) -> None:
    assert first_look_seconds(NOON + timedelta(seconds=left), NOON) == first


@pytest.mark.parametrize("late", [0, 1, 3600])
def test_look_after_the_deadline_comes_at_once(late: int) -> None:
    assert first_look_seconds(NOON, NOON + timedelta(seconds=late)) == 1


def test_accepted_change_has_the_times_of_its_effect_and_of_the_next_look() -> None:
    found = requested(NOON + timedelta(hours=2), NOON, at(-5))

    assert found == {"RequestedAt": at(-5).isoformat(), "LookSeconds": 480}


@pytest.mark.parametrize(
    ("left", "planned", "seconds"),
    [
        (3600, 480, 480),
        (480, 480, 480),
        (470, 480, 480),
        (469.5, 480, 470),
        (200, 3840, 200),
        (0.5, 60, 1),
        (0, 60, 1),
        (-30, 60, 1),
    ],
    ids=["far off", "on it", "seconds after it", "after it", "long after it", "at once", "at it", "too late"],
)
def test_next_look_comes_no_later_than_seconds_after_the_deadline(left: float, planned: int, seconds: int) -> None:
    assert next_look_seconds(NOON + timedelta(seconds=left), NOON, planned) == seconds


@given(left=st.floats(0.001, 43_200), planned=st.integers(1, 43_200), delay=st.floats(0, 5))
def test_look_that_was_brought_forward_is_the_last_but_one(left: float, planned: int, delay: float) -> None:
    """The deadline has passed at the next one, which is not brought forward again, though the first took its time."""
    deadline = NOON + timedelta(seconds=left)

    seconds = next_look_seconds(deadline, NOON, planned)
    looked_at = NOON + timedelta(seconds=delay)

    assert 1 <= seconds <= planned
    assert seconds == planned or seconds >= left
    assert seconds == planned or next_look_seconds(deadline, looked_at, seconds) == seconds
