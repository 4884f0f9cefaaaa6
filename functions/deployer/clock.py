"""The only source of time and of random numbers, which virtual time replaces.

Callers use the module's attributes (`clock.now()`), never names imported from it.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from random import SystemRandom

monotonic = time.monotonic
sleep = time.sleep
# From the operating system, because functions that start from one snapshot would draw the same numbers else.
draw = SystemRandom().uniform


def now() -> datetime:
    """Return the time, in UTC, within a step. The time at which the step began comes from the state machine."""
    return datetime.now(UTC)
