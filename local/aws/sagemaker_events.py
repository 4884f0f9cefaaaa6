"""SageMaker's events on MiniStack's default bus, as they become due on the simulator's clock."""

import json
import math
import threading
import time
from collections.abc import Callable

from ministack.services import eventbridge

from local.json_document import Document
from local.simulator.clock import Clock

_TICK_SECONDS = 0.05
# Alarms are looked at, too, and nothing says when one goes off.
_LOOK_SECONDS = 0.5


class Ticker:
    """Calls a function when something is due, and now and then in between.

    Args:
        clock: The source of time.
    """

    def __init__(self, clock: Clock) -> None:
        """Plan nothing yet."""
        self._clock = clock
        self._due = math.inf

    def plan(self, moment: float) -> None:
        """Let something be due at a moment, on the clock."""
        self._due = min(self._due, moment)

    def start(self, act: Callable[[], None]) -> None:
        """Call a function from now on, until the process ends."""
        threading.Thread(target=self._run, args=(act,), daemon=True, name="sagemaker-ticker").start()

    def _run(self, act: Callable[[], None]) -> None:
        looked = time.monotonic()
        while True:
            time.sleep(_TICK_SECONDS)
            if self._clock.now() >= self._due or time.monotonic() - looked >= _LOOK_SECONDS:
                self._due, looked = math.inf, time.monotonic()
                act()


def put_on_default_bus(event: Document) -> None:
    """Put an event on the default bus, in a thread of its own: its targets may call SageMaker in turn."""
    entry = {
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
        "Resources": event["resources"],
    }
    request = {"Entries": [entry]}
    # Only services themselves may put events whose source begins with "aws.", so no API does it.
    put = eventbridge._put_events  # noqa: SLF001 - MiniStack's own services call it, too
    threading.Thread(target=put, args=(request,), kwargs={"allow_aws_source": True}, daemon=True).start()
