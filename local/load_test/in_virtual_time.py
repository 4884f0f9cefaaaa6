"""A load in virtual time: the shipped definition and functions on the simulator, to the millisecond and repeatable.

The functions read environment variables when they are imported: set these before you import this module.
"""

from __future__ import annotations

import io
import time
from collections import Counter
from contextlib import redirect_stdout
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from local.load_test.checks import EndState, find_violations, leftovers_of_sweeps
from local.load_test.figures import Figures
from local.load_test.floor import floor_of
from local.load_test.uploads import RETENTION_SECONDS, Run, hosting
from local.virtual_time.world import BUCKET
from local.virtual_time.worlds import worlds

if TYPE_CHECKING:
    from local.load_test.uploads import Load
    from local.virtual_time import Execution
    from local.virtual_time.world import World


def run_in_virtual_time(
    load: Load, *, calls_per_second: float | None, milliseconds: float = 0.0, seed: int = 0
) -> Figures:
    """Upload, let time pass until everything has ended, sweep two days later, and check what there is.

    Args:
        load: The uploads.
        calls_per_second: How many calls SageMaker takes each second; None for any number.
        milliseconds: How long an invocation of a function takes, for its price.
        seed: Decides the lag of replicas, and the jitter of retries.
    """
    wall_began = time.monotonic()
    with worlds() as make_world, redirect_stdout(io.StringIO()):  # metrics go to standard output
        world = make_world(hosting(calls_per_second), seed=seed)
        began = world.clock.now()

        executions = _upload(world, load)
        outcomes = {outcome["Execution"]: outcome for outcome in world.bus}
        runs = [
            Run(number, load.endpoint(number), outcomes.get(execution.arn), execution.events)
            for number, execution in sorted(executions.items())
        ]
        wall_seconds, wake_ups = time.monotonic() - wall_began, world.rules.invocations.total()
        answers = Counter(call.outcome for call in world.simulator.calls)
        violations = [*find_violations(runs, world.simulator.resources())]
        world.clock.sleep(2 * RETENTION_SECONDS)
        violations += leftovers_of_sweeps(runs, world.sweep, lambda: _end_state(world))
        return Figures(
            load=load,
            floor=floor_of(load, hosting(calls_per_second)),
            runs=runs,
            answers=answers,
            sweep_calls=len(world.simulator.calls) - answers.total(),
            speed=None,
            seconds=max(_ended_at(execution) for execution in executions.values()) - began,
            wall_seconds=wall_seconds,
            milliseconds=milliseconds,
            wake_ups=wake_ups,
            violations=violations,
        )


def _upload(world: World, load: Load) -> dict[int, Execution]:
    """Upload each artifact at its moment, and let time pass until everything has ended; return the executions."""
    executions: dict[int, Execution] = {}
    began = world.clock.now()

    def upload(number: int) -> None:
        executions[number] = world.upload(load.key(number), f"artifact {number}".encode())

    for number in range(load.uploads):
        world.clock.spawn(partial(upload, number), name=f"upload {number}", at=began + load.moment(number))
    world.machine.run()
    return executions


def _ended_at(execution: Execution) -> float:
    return datetime.fromisoformat(execution.record["stopDate"]).timestamp()


def _end_state(world: World) -> EndState:
    pages = world.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="revisions/")
    stored = [found["Key"] for page in pages for found in page.get("Contents", [])]
    return EndState(world.simulator.resources(), stored)
