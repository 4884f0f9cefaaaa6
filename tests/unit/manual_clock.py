"""The clock of the tests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Clock:
    """A clock that only the test advances."""

    seconds: float = 1_790_000_000.0

    def now(self) -> float:
        """Return the time."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds
