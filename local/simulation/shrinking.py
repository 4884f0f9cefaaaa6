"""Shrinks a scenario: parts are left out one by one for as long as an invariant is still violated."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from local.simulation.scenario import RequestStep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.simulation.scenario import Scenario

_MOST_RUNS = 150
_MOST_SECONDS = 120.0


def shrink(scenario: Scenario, is_violated: Callable[[Scenario], bool]) -> Scenario:
    """Return the smallest scenario found that still violates an invariant.

    Args:
        scenario: One that violates it.
        is_violated: Runs a scenario, and returns whether it violates the invariant. It is called at most 150 times, and
            not any more after two minutes.
    """
    runs, began = 0, time.monotonic()
    while True:
        for smaller in _smaller(scenario):
            runs += 1
            if runs > _MOST_RUNS or time.monotonic() - began > _MOST_SECONDS:
                return scenario
            if is_violated(smaller):
                scenario = smaller
                break
        else:
            return scenario


def _smaller(scenario: Scenario) -> Iterator[Scenario]:
    """Yield scenarios without half of the parts, one of them, or one copy of an event."""
    parts = scenario.parts
    if len(parts) > 3:  # noqa: PLR2004 - below that, a half is hardly more than one part
        half = len(parts) // 2
        yield scenario.only(parts[:half])
        yield scenario.only(parts[half:])
    for index in range(len(parts)):
        yield scenario.only((*parts[:index], *parts[index + 1 :]))
    for index, step in enumerate(scenario.steps):
        if isinstance(step, RequestStep) and len(step.deliveries) > 1:
            for copy in range(len(step.deliveries)):
                fewer = replace(step, deliveries=(*step.deliveries[:copy], *step.deliveries[copy + 1 :]))
                yield replace(scenario, steps=(*scenario.steps[:index], fewer, *scenario.steps[index + 1 :]))
