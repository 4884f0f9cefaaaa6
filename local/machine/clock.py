"""Virtual time for many threads: exactly one runs at a time, and time jumps to whatever is due next."""

from __future__ import annotations

import contextvars
import heapq
import threading
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_SWITCHES = 2_000_000


class ClockStoppedError(Exception):
    """Virtual time ran over its bounds; the message says what was still waiting."""


@dataclass(eq=False)
class _Task:
    """A thread that gets its turns from the clock."""

    name: str
    turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    error: BaseException | None = None


class VirtualClock:
    """A clock on which only what happens takes time, and which repeats a run by its seed.

    Args:
        start: The time it begins with, in seconds since the epoch.
        seed: Decides who goes first where several are due at the same moment.
    """

    def __init__(self, start: float = 1_790_000_000.0, seed: int = 0) -> None:
        self._now = start
        self._random = Random(seed)  # noqa: S311 - repeatable, not secret
        self._due: list[tuple[float, float, int, _Task]] = []
        self._order = 0
        self._back = threading.Semaphore(0)
        self._current: _Task | None = None

    def now(self) -> float:
        """Return the seconds since the epoch."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let others have their turns until the seconds have passed."""
        task = self._current
        if task is None or threading.current_thread().name != task.name:
            self._now += max(0.0, seconds)
            return
        self._schedule(task, self._now + max(0.0, seconds))
        self._back.release()
        task.turn.acquire()

    def spawn(self, function: Callable[[], object], *, name: str, at: float | None = None) -> None:
        """Let a function run in a thread of its own, from now on or from a later moment."""
        task = _Task(f"{name}#{self._order}")
        context = contextvars.copy_context()

        def work() -> None:
            task.turn.acquire()
            try:
                context.run(function)
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever runs the clock
                task.error = error
            self._back.release()

        threading.Thread(target=work, name=task.name, daemon=True).start()
        self._schedule(task, self._now if at is None else max(at, self._now))

    def run(self, until: float | None = None) -> None:
        """Run until nothing is left to do, or until a moment.

        Raises:
            ClockStoppedError: There is no end to it.
        """
        for _ in range(_MOST_SWITCHES):
            if not self._due or (until is not None and self._due[0][0] > until):
                if until is not None:
                    self._now = max(self._now, until)
                return
            moment, _, _, task = heapq.heappop(self._due)
            self._now = max(self._now, moment)
            self._current = task
            task.turn.release()
            self._back.acquire()
            self._current = None
            if task.error is not None:
                raise task.error
        waiting = ", ".join(sorted(task.name for _, _, _, task in self._due))
        raise ClockStoppedError(f"After {_MOST_SWITCHES} turns these still wait: {waiting}")

    def _schedule(self, task: _Task, moment: float) -> None:
        self._order += 1
        heapq.heappush(self._due, (moment, self._random.random(), self._order, task))
