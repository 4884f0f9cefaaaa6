"""The calls that a run makes, of which one at a time goes wrong.

They are not listed by hand: a run without faults shows which calls it makes.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ConnectionClosedError

from local.simulator.errors import FunctionKilledError

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World

lost_connection = partial(ConnectionClosedError, endpoint_url="https://aws")

TRANSIENT: dict[str, tuple[str, Callable[[], BaseException]]] = {
    "function killed before the effect": ("before", FunctionKilledError),
    "function killed after the effect": ("after", FunctionKilledError),
    "connection lost before the effect": ("before", lost_connection),
    "connection lost after the effect": ("after", lost_connection),
}
"""When a call goes wrong, and how."""


def watched_points(world: World) -> list[tuple[str, str]]:
    """Collect the calls of other services than SageMaker, from now on."""
    points: list[tuple[str, str]] = []

    def note(service: str, operation: str, when: str) -> None:
        if when == "before":
            points.append((service, operation))

    world.inject_fault = note
    return points


def inject_once(world: World, number: int, when: str, error: Callable[[], BaseException]) -> None:
    """Let the call of a number, of other services than SageMaker, go wrong before or after its effect."""
    counts = {"before": -1, "after": -1}

    def inject(_service: str, _operation: str, moment: str) -> None:
        if moment in counts:
            counts[moment] += 1
            if moment == when and counts[moment] == number:
                raise error()

    world.inject_fault = inject


def sagemaker_points(world: World, begin: int) -> list[tuple[str, int]]:
    """Return each call of SageMaker since a place in their list: the operation, and how many of it went before."""
    counts = Counter[str]()
    points: list[tuple[str, int]] = []
    for call in world.simulator.calls[begin:]:
        points.append((call.operation, counts[call.operation]))
        counts[call.operation] += 1
    return points
