"""Runs the phases of a sweep in order, as far as the time of one invocation allows.

Endpoint configs come first, then models, then stored objects, then alarms: a model is unused if no config names it, a
stored request if its config and its models are gone, and an alarm if no stored request names it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.cleanup.in_use import TimeIsUpError
from deployer.cleanup.sweep_alarms import sweep_alarms
from deployer.cleanup.sweep_resources import sweep_configs, sweep_models
from deployer.cleanup.sweep_stored import sweep_stored
from deployer.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.cleanup.sweep import Sweep

_PHASES: tuple[Callable[[Sweep], None], ...] = (sweep_configs, sweep_models, sweep_stored, sweep_alarms)


def run_sweep(sweep: Sweep, announce: Callable[[], None]) -> bool:
    """Continue the sweep where the previous invocation stopped; return whether it has ended.

    A transient error ends only this invocation, if it has come further than the one before.

    Args:
        sweep: The sweep; its cursor moves.
        announce: Called at the end with what was removed.

    Raises:
        TransientError: SageMaker, S3 or EventBridge is not available.
    """
    cursor = sweep.cursor
    before = cursor.model_dump()
    phases: tuple[Callable[[Sweep], None], ...] = (*_PHASES, lambda _: announce())
    try:
        while cursor.phase < len(phases):
            phases[cursor.phase](sweep)
            cursor.phase, cursor.after = cursor.phase + 1, ""
    except TimeIsUpError:
        return False
    except TransientError:
        if cursor.model_dump() == before:
            raise
        return False
    return True
