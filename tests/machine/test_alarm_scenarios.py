"""Guarded updates with alarms of the deployer's, during sweeps and faults: no invariant is violated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.simulation.checker import check
from local.simulation.runner import run_scenario
from tests.machine.alarm_scenarios import rung_while_guarded, swept_while_guarded

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulation.scenario import Scenario
    from local.virtual_time.world import World


@pytest.mark.parametrize("make", [swept_while_guarded, rung_while_guarded])
@pytest.mark.parametrize("seed", range(4))
def test_alarms_are_there_while_they_guard(
    make_world: Callable[..., World], make: Callable[[int], Scenario], seed: int
) -> None:
    violations, _ = check(run_scenario(make(seed), make_world))

    assert violations == []


def test_own_alarm_is_the_cause_of_the_failure(make_world: Callable[..., World]) -> None:
    """The next update, which had to wait for CloudWatch, is deployed."""
    recording = run_scenario(rung_while_guarded(0), make_world)

    outcomes = [(event["Outcome"], event.get("CauseClass")) for event in recording.bus[:3]]
    assert outcomes == [("Deployed", None), ("Failed", "Alarm"), ("Deployed", None)]
    assert recording.fired["cloudwatch throttled"]
