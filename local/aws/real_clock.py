"""The clock of local AWS: wall-clock time, or a multiple of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class RealClock:
    """The wall clock, or one that goes faster from the moment it is made.

    Args:
        speed: Seconds on this clock for each second on the wall.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._start = time.time()
        self._wall_start = time.monotonic()
        self._speed = speed

    def now(self) -> float:
        """Return the seconds since the epoch."""
        return self._start + (time.monotonic() - self._wall_start) * self._speed

    def wall_time(self, seconds: float) -> datetime:
        """Return when on the wall a time of this clock is: what others compare with times of their own."""
        return datetime.fromtimestamp(self._start + (seconds - self._start) / self._speed, UTC)

    def sleep(self, seconds: float) -> None:
        """Return when the seconds have passed on this clock."""
        time.sleep(max(0.0, seconds) / self._speed)
