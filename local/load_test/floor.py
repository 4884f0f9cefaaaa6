"""The floor of a load: the calls and the time that every deployer needs. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.simulator.rollout import update_stages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.load_test.uploads import Load
    from local.simulator import Settings

CREATION_CALLS = 8
"""Calls of a deployment that creates its endpoint, if every call is answered and no replica lags."""

UPDATE_CALLS = 12
"""Calls of a deployment that updates its endpoint, likewise."""

SUPERSEDED_CALLS = 1
"""Calls of an upload that is overtaken by a newer one: it looks at the endpoint once."""


@dataclass(frozen=True, slots=True)
class Floor:
    """The floor of a load.

    Attributes:
        creations: Deployments that create an endpoint.
        updates: Deployments that update one.
        superseded: Uploads that need no deployment, because a newer one came before their turn.
        life_cycle_seconds: Until the last endpoint has been through its deployments, one after the other.
        calls_per_second: How many calls SageMaker takes each second; None for any number.
    """

    creations: int
    updates: int
    superseded: int
    life_cycle_seconds: float
    calls_per_second: float | None

    @property
    def calls(self) -> int:
        """Calls of SageMaker that are needed."""
        needed = self.creations * CREATION_CALLS + self.updates * UPDATE_CALLS
        return needed + self.superseded * SUPERSEDED_CALLS

    @property
    def call_seconds(self) -> float:
        """Seconds that SageMaker's limit stretches these calls to."""
        return self.calls / self.calls_per_second if self.calls_per_second else 0.0

    @property
    def seconds(self) -> float:
        """Seconds from the first upload until all can have ended: calls and life-cycles can overlap."""
        return max(self.life_cycle_seconds, self.call_seconds)


def floor_of(load: Load, settings: Settings) -> Floor:
    """Compute the floor of a load.

    Args:
        load: The uploads.
        settings: How long SageMaker takes for an endpoint, and how many calls it takes.
    """
    update_seconds = sum(stage.seconds for stage in update_stages({}, 1, settings))
    moments: defaultdict[str, list[float]] = defaultdict(list)
    for number in range(load.uploads):
        moments[load.endpoint(number)].append(load.moment(number))
    needed = [_needed(each, settings.create_seconds, update_seconds) for each in moments.values()]
    updates = sum(count for count, _ in needed)
    return Floor(
        creations=len(needed),
        updates=updates,
        superseded=load.uploads - len(needed) - updates,
        life_cycle_seconds=max(end for _, end in needed),
        calls_per_second=settings.calls_per_second,
    )


def _needed(moments: Sequence[float], create_seconds: float, update_seconds: float) -> tuple[int, float]:
    """Return how many updates an endpoint needs after its creation, and when the last one is done.

    Each begins as soon as the one before is done, with the newest upload that has come by then.

    Args:
        moments: When its uploads come, in order.
        create_seconds: How long its creation takes.
        update_seconds: How long an update takes.
    """
    newest, end, updates = moments[0], moments[0] + create_seconds, 0
    while later := [moment for moment in moments if moment > newest]:
        newest = max((moment for moment in later if moment <= end), default=later[0])
        end = max(end, newest) + update_seconds
        updates += 1
    return updates, end
