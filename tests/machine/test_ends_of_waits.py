"""Waits end at the deadline, however long the steps before them took."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.json_document import Document
from local.simulation.invariants.waiting import deadline_of
from local.simulation.runs import visits_of
from local.simulator import EventDelivery, Settings
from tests.machine.factories import deploy, request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from local.virtual_time.execution import Execution
    from local.virtual_time.world import World

MARGIN = 11
"""Seconds after the deadline that a wait may last: ten, and the time that its last look takes."""

SCENARIOS = st.fixed_dictionaries(
    {
        "is_there": st.booleans(),
        "least_lag": st.integers(0, 300),
        "timeout": st.integers(60, 2400),
        "interval": st.integers(5, 300),
        "delays": st.lists(st.integers(0, 1200), min_size=1, max_size=3),
        "contents": st.lists(st.sampled_from("ab"), min_size=3, max_size=3),
        "lost": st.sampled_from([0, 1]),
    }
)


def waits_of(execution: Execution) -> Iterator[tuple[str, float, float]]:
    """Yield each wait: its state, and how many seconds after the deadline it began and ended."""
    for visit in visits_of(execution):
        if visit.state in {"WaitForOtherDeployment", "DescribeEndpoint"} and visit.left:
            deadline = deadline_of(json.loads(visit.data)["Plan"])
            yield visit.state, visit.tried - deadline, visit.left - deadline


def late_waits(executions: Iterable[Execution]) -> list[tuple[str, float, float]]:
    """Return the waits that began before the deadline, and ended long after it."""
    waits = (wait for execution in executions for wait in waits_of(execution))
    return [(state, began, ended) for state, began, ended in waits if began < 0 and ended > MARGIN]


def run_twins(make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, timeout: int) -> list[Execution]:
    """Run two executions of one event, half a second apart; every replica lags five minutes."""
    monkeypatch.setenv("DEPLOYMENT_TIMEOUT_SECONDS", str(timeout))
    monkeypatch.setenv("POLL_INTERVAL_SECONDS", "300")
    world = make_world(Settings(lag=300, least_lag=300))
    event = world.requested(request("a"))
    executions = [world.machine.start(event, at=world.clock.now() + delay) for delay in (0, 0.5)]
    world.machine.run()
    return executions


@pytest.mark.parametrize("timeout", [1100, 1200, 1210])
def test_wait_after_a_change_that_was_refused_ends_at_the_deadline(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, timeout: int
) -> None:
    """The second of two equal creations is refused minutes after it was planned; then the time that is left counts."""
    executions = run_twins(make_world, monkeypatch, timeout)

    assert "WaitForOtherDeployment" in executions[1].states
    assert late_waits(executions) == []


def test_wait_after_a_change_that_was_refused_has_a_reason(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, second = run_twins(make_world, monkeypatch, 1200)

    (waiting,) = (visit for visit in visits_of(second) if visit.state == "WaitForOtherDeployment")
    plan = json.loads(waiting.data)["Plan"]
    assert (plan["Action"], plan["Reason"]) == ("Wait", "Endpoint churn has changed since it was planned")
    assert "Busy" not in plan


def test_wait_for_an_endpoint_that_was_not_visible_for_minutes_ends_at_the_deadline(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The retries of the look take five minutes, and leave one until the deadline."""
    monkeypatch.setenv("DEPLOYMENT_TIMEOUT_SECONDS", "1300")
    world = make_world(Settings(lag=300, least_lag=300, create_seconds=5000, events=EventDelivery(lost=1)))

    execution = world.run(request("a"))

    waits = [*waits_of(execution)]
    assert execution.states[-1] == "TimedOut"
    assert waits
    assert late_waits([execution]) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scenario=SCENARIOS)
def test_waits_end_at_the_deadline_after_any_state(make_world: Callable[..., World], scenario: Document) -> None:
    """Up to three requests for one endpoint, that is there or not, with any lag and settings."""
    with pytest.MonkeyPatch.context() as patch:
        events = EventDelivery(lost=scenario["lost"])
        world = make_world(Settings(events=events))
        if scenario["is_there"]:
            deploy(world, "c")
        patch.setenv("DEPLOYMENT_TIMEOUT_SECONDS", str(scenario["timeout"]))
        patch.setenv("POLL_INTERVAL_SECONDS", str(scenario["interval"]))
        world.simulator.settings = Settings(lag=300, least_lag=scenario["least_lag"], events=events, create_seconds=900)
        began = world.clock.now()
        wanted = zip(scenario["delays"], scenario["contents"], strict=False)

        executions = [world.machine.start(world.requested(request(each)), at=began + at) for at, each in wanted]
        world.machine.run()

        assert all(execution.status != "RUNNING" for execution in executions)
        assert late_waits(executions) == []
