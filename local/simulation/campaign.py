"""Many stories on several processes, seed by seed."""

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
"""Seeds for each process that may be under way or wait."""


def run(
    totals: Totals, seed: int, *, workers: int, is_enough: Callable[[int, int], bool], tell: Callable[[Totals], None]
) -> None:
    """Play the stories of one seed after the other, and add what comes of them.

    Args:
        totals: To which it is added.
        seed: The first seed.
        workers: How many processes.
        is_enough: Told the next seed and the executions so far; ends the campaign.
        tell: Told the totals after every story.
    """
    os.environ.update(worker.ENVIRONMENT)
    under_way: set[Future[Totals]] = set()
    done: dict[int, Totals] = {}
    next_to_add = seed
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        while True:
            while len(under_way) < _AHEAD * workers and not is_enough(seed, totals.executions):
                under_way.add(pool.submit(worker.try_seed, seed))
                seed += 1
            if not under_way:
                return
            ended, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for result in (future.result() for future in ended):
                done[result.following] = result
            # In the order of the seeds, so that what was saved can be continued.
            for following in count(next_to_add + 1):
                if following not in done:
                    break
                totals.add(done.pop(following))
                next_to_add = following
                tell(totals)
