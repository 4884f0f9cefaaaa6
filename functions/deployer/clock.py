"""Time and chance, in one place, so that virtual time can take the place of both.

Callers use the module's attributes (`clock.now()`), never names imported from it.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from random import uniform

monotonic = time.monotonic
sleep = time.sleep
draw = uniform


def now() -> datetime:
    """Return the time, in UTC, for what happens within a step; when the step began, the state machine says."""
    return datetime.now(UTC)
