"""Parallel calls with a deadline."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from deployer import clock
from deployer.errors import DeployerError, PermanentError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MOST_FAILURES = 8

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def run_parallel(
    work: Callable[[_Item], _Result], items: Sequence[_Item], workers: int, deadline: float
) -> list[_Result]:
    """Call a function for many items in parallel; return the results at the deadline, in any order.

    Args:
        work: Called once for each item, possibly from another thread.
        items: What to call it with.
        workers: How many calls to make at a time; with 1, or a single item, there is no thread.
        deadline: Time of `clock.monotonic()` after which no call is begun.

    Raises:
        DeployerError: The work failed for some items; what was done for others stays done.
    """
    results: list[_Result] = []
    failures: list[DeployerError] = []

    def attempt(item: _Item) -> None:
        # After a few failures the rest would most likely fail too.
        if len(failures) < _MOST_FAILURES and clock.monotonic() < deadline:
            try:
                results.append(work(item))
            except DeployerError as error:
                failures.append(error)

    if workers == 1 or len(items) == 1:
        for item in items:
            attempt(item)
    else:
        with ThreadPoolExecutor(workers) as pool:
            # Raises what is no DeployerError.
            list(pool.map(attempt, items))
    if failures:
        raise next((each for each in failures if isinstance(each, PermanentError)), failures[0])
    return results
