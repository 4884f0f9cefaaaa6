"""Runs scenarios in several processes, seed by seed."""

from __future__ import annotations

import os
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import count
from multiprocessing import get_context
from typing import TYPE_CHECKING

from local.simulation import worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulation.totals import Totals

_AHEAD = 4
"""Seeds for each process that may be running or waiting."""


def run(
    totals: Totals,
    seed: int,
    *,
    workers: int,
    is_enough: Callable[[int, int], bool],
    on_progress: Callable[[Totals], None],
) -> None:
    """Run the scenarios of one seed after the other, and add up their totals.

    Args:
        totals: To which they are added.
        seed: The first seed.
        workers: How many processes.
        is_enough: Gets the next seed and the executions so far; ends the campaign by returning True.
        on_progress: Gets the totals after every scenario.
    """
    os.environ.update(worker.ENVIRONMENT)
    running: set[Future[Totals]] = set()
    done: dict[int, Totals] = {}
    next_to_add = seed
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        while True:
            while len(running) < _AHEAD * workers and not is_enough(seed, totals.executions):
                running.add(pool.submit(worker.run_seed, seed))
                seed += 1
            if not running:
                return
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            for result in (future.result() for future in ended):
                done[result.following] = result
            # In the order of the seeds, so that what was saved can be continued.
            for following in count(next_to_add + 1):
                if following not in done:
                    break
                totals.add(done.pop(following))
                next_to_add = following
                on_progress(totals)
