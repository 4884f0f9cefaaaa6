"""Eventually consistent tables: each replica sees a write after a delay of its own.

Source: API Reference, CreateEndpoint: it looks a config up with an eventually consistent read, which may find nothing
just after the config was created. No figure is published; how long replicas lag is a setting.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Version(Generic[T]):
    value: T | None
    """None where the record was deleted."""
    visible_at: tuple[float, ...]
    """When each replica sees it."""


class Table(Generic[T]):
    """Records by name, on several replicas.

    A replica never goes back in time, but the next read may be answered by one that is further behind: a read can be
    stale *after* a good one, as SageMaker's can.

    Args:
        random: Decides which replica answers, and how far each lags.
        replicas: How many there are.
        lag: Returns the seconds that the fastest and the slowest replica lag at present.
    """

    def __init__(self, random: Random, replicas: int, lag: Callable[[], tuple[float, float]]) -> None:
        self._random = random
        self._replicas = replicas
        self._lag = lag
        self._versions: dict[str, list[_Version[T]]] = {}

    def write(self, name: str, value: T | None, now: float) -> None:
        """Write a record, or delete it with None. The first replica is the fastest.

        Assumed: how replicas lag (trial: "seconds until a config can name a new model").
        """
        versions = self._versions.setdefault(name, [])
        least, most = self._lag()
        delays = sorted([least, most, *(self._random.uniform(least, most) for _ in range(self._replicas - 2))])
        before = versions[-1].visible_at if versions else (now,) * self._replicas
        visible_at = tuple(max(now + delay, seen) for delay, seen in zip(delays, before, strict=False))
        versions.append(_Version(value, visible_at[: self._replicas]))
        # What no replica sees any more is forgotten, but for what `read_stale` returns.
        seen = bisect_right(versions, now, key=lambda version: version.visible_at[-1])
        del versions[: max(0, min(seen - 1, len(versions) - 2))]

    def current(self, name: str) -> T | None:
        """Return the record as it was written last: what decides whether a name is taken.

        Assumed: a name is taken at once (trial: "CreateModel twice").
        """
        versions = self._versions.get(name)
        return versions[-1].value if versions else None

    def read(self, name: str, now: float) -> T | None:
        """Return the record as some replica sees it. Source: API Reference, CreateEndpoint (a read may be stale)."""
        return self._seen(self._versions.get(name, []), self._random.randrange(self._replicas), now)

    def read_stale(self, name: str) -> T | None:
        """Return the record as a replica sees it that has missed what was written last."""
        versions = self._versions.get(name, [])
        return versions[-2].value if len(versions) > 1 else None

    def scan(self, now: float) -> Iterator[tuple[str, T]]:
        """Yield every record as one replica sees them.

        Assumed: listings lag too (trial: "seconds until a listing shows a new model").
        """
        replica = self._random.randrange(self._replicas)
        for name, versions in self._versions.items():
            value = self._seen(versions, replica, now)
            if value is not None:
                yield name, value

    def scan_current(self) -> Iterator[tuple[str, T]]:
        """Yield every record as it was written last."""
        for name in self._versions:
            value = self.current(name)
            if value is not None:
                yield name, value

    @staticmethod
    def _seen(versions: list[_Version[T]], replica: int, now: float) -> T | None:
        count = bisect_right(versions, now, key=lambda version: version.visible_at[replica])
        return versions[count - 1].value if count else None
