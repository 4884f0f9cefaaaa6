"""The campaign draws every fault that the simulator and the other services have."""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest

from local.simulation.generator import make_scenario
from local.simulation.scenario import FaultWindow, ServiceFault
from local.simulator import Fault

SCENARIOS = 400


@pytest.fixture(scope="module")
def windows() -> list[FaultWindow]:
    """The fault windows of many scenarios, which are made and not run."""
    return [window for seed in range(SCENARIOS) for window in make_scenario(seed).fault_windows]


def test_every_kind_of_fault_of_sagemaker_is_drawn(windows: list[FaultWindow]) -> None:
    """A kind that no scenario has is tested by no invariant."""
    assert {fault.kind for window in windows for fault in window.faults} == set(get_args(get_type_hints(Fault)["kind"]))


def test_every_kind_of_fault_of_other_services_is_drawn(windows: list[FaultWindow]) -> None:
    drawn = {fault.kind for window in windows for fault in window.service_faults}

    assert drawn == set(get_args(get_type_hints(ServiceFault)["kind"]))


def test_every_window_ends(windows: list[FaultWindow]) -> None:
    """A fault that lasts for ever could excuse any failure."""
    assert all(0 <= window.start < window.end for window in windows)
