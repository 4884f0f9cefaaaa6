"""Scenarios in which a live revision comes to differ from what was deployed; in random ones, it seldom is guarded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from local.simulation import scenario as steps
from tests.machine.alarm_scenarios import ERRORS
from tests.machine.factories import KEY
from tests.machine.scaling_samples import NIGHT, POLICY, scaled
from tests.machine.scripted_scenarios import manual, scenario

if TYPE_CHECKING:
    from local.simulation.scenario import OperatorAction

_HOUR = 3600.0


def _act(action: OperatorAction, hours: float, choice: int = 0) -> steps.OperatorStep:
    return steps.OperatorStep(
        name=f"act-{round(60 * hours)}", at=hours * _HOUR, action=action, endpoint="churn", choice=choice
    )


def _sweep(hours: float) -> steps.Sweep:
    return steps.Sweep(name=f"sweep-{round(60 * hours)}", at=hours * _HOUR)


def changed_services(seed: int) -> steps.Scenario:
    """The alarm and the scaling of a guarded revision are changed, taken away, and made by the next one."""
    wanted = {**ERRORS, **scaled(4, POLICY, ScheduledActions=[NIGHT])}
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        manual("second", 1000.0, "b", **wanted),
        _sweep(2.0),
        _act("change alarm", 3.0),
        _act("change scaling", 3.1, choice=seed % 2),
        _sweep(5.0),
        _act("delete alarm", 6.0),
        _act("change scaling", 6.1, choice=2),
        _sweep(8.0),
        manual("third", 9 * _HOUR, "c", **wanted),
        _sweep(11.0),
    )


def deleted_copy(seed: int) -> steps.Scenario:
    """The stored copy of a live artifact is deleted, and nobody invokes the endpoint for a day, but once."""
    return scenario(
        seed,
        steps.Upload(name="upload", at=0.0, endpoint="churn", key=KEY, body="one"),
        _sweep(2.0),
        _act("delete copy", 3.0),
        _sweep(5.0),
        _sweep(26.0),
        _act("invoke endpoint", 27.0),
        _sweep(29.0),
        _sweep(53.0),
        IDLE_ENDPOINT_DAYS="1",
    )


def replaced_config(seed: int) -> steps.Scenario:
    """A person attaches another config, twice; the stack repairs that."""
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        _act("take over", 1.0),
        _sweep(3.0),
        _sweep(6.0),
        _act("take over", 7.0),
        _sweep(9.0),
        _sweep(12.0),
        REPAIR_DRIFT="ConfigReplaced",
    )


def unrepaired_config(seed: int) -> steps.Scenario:
    """A person attaches another config, and the stack repairs nothing by itself."""
    return replace(replaced_config(seed), environment={**replaced_config(seed).environment, "REPAIR_DRIFT": ""})
