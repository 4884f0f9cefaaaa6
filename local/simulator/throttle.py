"""Throttling of API calls.

Source: the message and the code are those of public reports, such as aws/sagemaker-python-sdk, pull request 1204; the
rate is a setting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.simulator.errors import throttled

if TYPE_CHECKING:
    from local.simulator.store import Store


class Throttle:
    """A bucket that holds one second's calls, so that bursts even out.

    Args:
        store: Has the settings, and the time.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tokens = 0.0
        self._refilled = store.clock.now()

    def take(self) -> None:
        """Let a call pass, or raise what SageMaker answers when calls come too fast.

        Source: aws/sagemaker-python-sdk, pull request 1204.
        """
        rate = self._store.settings.calls_per_second
        if rate is None:
            return
        now = self._store.clock.now()
        self._tokens = min(max(rate, 1.0), self._tokens + (now - self._refilled) * rate)
        self._refilled = now
        if self._tokens < 1:
            raise throttled()
        self._tokens -= 1
