"""The clock that the simulator needs."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """A source of time that can also wait."""

    def now(self) -> float:
        """Return the seconds since the epoch."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return when the seconds have passed."""
        ...
