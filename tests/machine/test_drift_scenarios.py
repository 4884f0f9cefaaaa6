"""Drift in the fault campaign: what people change is reported by the next sweep, and no invariant is violated."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from local.simulation.checker import check
from local.simulation.runner import run_scenario
from tests.machine.drift_scenarios import changed_services, deleted_copy, replaced_config

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulation.scenario import Scenario
    from local.virtual_time.world import World


KINDS = {
    changed_services: [[], ["AlarmChanged", "ScalingChanged"], ["AlarmDeleted", "ScalingChanged"], []],
    deleted_copy: [
        [],
        ["StoredDataDeleted"],
        ["NotInvoked", "StoredDataDeleted"],
        ["StoredDataDeleted"],
        ["NotInvoked", "StoredDataDeleted"],
    ],
    replaced_config: [["ConfigReplaced"], [], ["ConfigReplaced"], []],
}
"""What each sweep of a scenario reports."""


@pytest.mark.parametrize(("make", "expected"), KINDS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_each_sweep_reports_the_differences(
    make_world: Callable[..., World], make: Callable[[int], Scenario], expected: list[list[str]]
) -> None:
    recording = run_scenario(make(0), make_world)

    outputs = [json.loads(sweep.execution.record["output"]) for sweep in recording.sweeps]
    found = [output["Drift"]["Found"].get("churn", []) for output in outputs]
    assert found[: len(expected)] == expected


def test_repairs_are_executions_of_the_scenario(make_world: Callable[..., World]) -> None:
    """They are checked like those that people request."""
    recording = run_scenario(replaced_config(0), make_world)

    assert [run.outcome for run in recording.runs if run.name.startswith("repair-")] == ["Deployed", "Deployed"]


@pytest.mark.parametrize("make", [changed_services, deleted_copy, replaced_config])
@pytest.mark.parametrize("seed", range(4))
def test_drift_violates_no_invariant(
    make_world: Callable[..., World], make: Callable[[int], Scenario], seed: int
) -> None:
    violations, _ = check(run_scenario(make(seed), make_world))

    assert violations == []
