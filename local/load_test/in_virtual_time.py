"""A load in virtual time: the shipped definition and functions on the simulator, to the millisecond and repeatable.

What the functions read of their environment as they are imported has to be set by whoever imports this module.
"""

from __future__ import annotations

import io
import time
from collections import Counter
from contextlib import redirect_stdout
from functools import partial
from typing import TYPE_CHECKING

from local.load_test.aftermath import broken_promises
from local.load_test.figures import Figures
from local.load_test.uploads import RETAINED, Run, hosting
from local.virtual_time import Execution
from local.virtual_time.world import worlds

if TYPE_CHECKING:
    from local.load_test.uploads import Load


def put_in_virtual_time(
    load: Load, *, calls_per_second: float | None, milliseconds: float = 0.0, seed: int = 0
) -> Figures:
    """Upload, let time pass until everything has ended, and look at what has become of it.

    Args:
        load: How much.
        calls_per_second: How many calls SageMaker takes each second; None for any number.
        milliseconds: How long an invocation of a function takes where that is charged for.
        seed: Decides the lag of replicas, and the jitter of retries.
    """
    wall_began, executions = time.monotonic(), dict[int, Execution]()
    with worlds() as make_world, redirect_stdout(io.StringIO()):  # metrics go to standard output
        world = make_world(hosting(calls_per_second), seed=seed)
        began = world.clock.now()

        def upload(number: int) -> None:
            executions[number] = world.upload(load.key(number), f"artifact {number}".encode())

        for number in range(load.uploads):
            world.clock.spawn(partial(upload, number), name=f"upload {number}", at=began + load.moment(number))
        world.machine.run()
        outcomes = {outcome["Execution"]: outcome for outcome in world.bus}
        runs = [
            Run(number, load.endpoint(number), outcomes.get(execution.arn), execution.events)
            for number, execution in sorted(executions.items())
        ]
        return Figures(
            load=load,
            runs=runs,
            answers=Counter(call.outcome for call in world.simulator.calls),
            calls_per_second=calls_per_second,
            speed=None,
            seconds=world.clock.now() - began,
            wall_seconds=time.monotonic() - wall_began,
            milliseconds=milliseconds,
            broken=[*broken_promises(runs, world.simulator.resources(), retained=RETAINED)],
        )
