"""The deployer broken on purpose: the alarms that guard updates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import update_endpoint
from deployer.aws.monitoring import Monitoring
from deployer.cleanup import run_sweep, sweep_alarms
from tests.machine.alarm_scenarios import swept_while_guarded
from tests.machine.mutations import breaks

if TYPE_CHECKING:
    import pytest


@breaks("no_alarm_is_missing_while_it_guards", seed=0, make=swept_while_guarded)
def update_without_alarms(patch: pytest.MonkeyPatch) -> None:
    """Begins updates without the alarms of their requests."""
    patch.setattr(update_endpoint, "_made_alarms", lambda *_: [])


@breaks("no_alarm_is_missing_while_it_guards", seed=0, make=swept_while_guarded)
def make_alarms_late(patch: pytest.MonkeyPatch) -> None:
    """Begins updates whose alarms are not made yet."""
    patch.setattr(Monitoring, "make_alarm", lambda *_: None)


@breaks("no_alarm_is_missing_while_it_guards", seed=0, make=swept_while_guarded)
def sweep_alarms_in_use(patch: pytest.MonkeyPatch) -> None:
    """Sweeps alarms whatever their age is, in use or not."""
    patch.setattr(sweep_alarms, "_is_old", lambda *_: True)
    patch.setattr(sweep_alarms, "_is_unused", lambda *_: True)


@breaks("alarms_without_use_are_swept", seed=0, make=swept_while_guarded)
def leave_alarms(patch: pytest.MonkeyPatch) -> None:
    """Sweeps no alarms."""
    patch.setattr(run_sweep, "_PHASES", run_sweep._PHASES[:-1])
