"""Virtual time for many threads: exactly one runs at a time, and time jumps to whatever is due next."""

from __future__ import annotations

import contextvars
import heapq
import math
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MOST_SWITCHES = 2_000_000
_TURN_SECONDS = 60.0


class ClockStoppedError(Exception):
    """Virtual time exceeded its bounds; the message names what was still waiting."""


class DeadlinePassedError(BaseException):
    """The time that was given has passed. No `Exception`, because what is ended from outside handles nothing."""


class TaskEndedError(BaseException):
    """The clock has been closed. No `Exception`, for the same reason."""


def _taken() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(eq=False)
class Task:
    """A thread that gets its turns from the clock, or a call that the clock makes.

    Attributes:
        name: What it is, for messages.
        call: What the clock calls, for a task without a thread. Time goes on without it if nothing else is left.
    """

    name: str
    turn: threading.Lock = field(default_factory=_taken)
    thread: threading.Thread | None = None
    call: Callable[[], object] | None = None
    deadline: float = math.inf
    # Its place in the queue; 0 while it does not wait. Places that it had before stay in the queue, and are skipped.
    place: int = 0
    is_ended: bool = False
    error: BaseException | None = None


class VirtualClock:
    """A clock that jumps to the next due moment, and repeats a run by its seed.

    Args:
        start: The time it begins with, in seconds since the epoch.
        seed: Decides the order of tasks that are due at the same moment.
    """

    def __init__(self, start: float = 1_790_000_000.0, seed: int = 0) -> None:
        self._now = start
        self._random = Random(seed)  # noqa: S311 - repeatable, not secret
        self._due: list[tuple[float, float, int, Task]] = []
        self._order = 0
        self._threads_waiting = 0
        self._back = _taken()
        # Stands for code that uses the clock outside of a run: its sleep only advances the time.
        self._outside = Task("outside", thread=threading.current_thread())
        self._current = self._outside

    def now(self) -> float:
        """Return the seconds since the epoch."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let other tasks run until the seconds have passed, or until `wake`.

        Raises:
            DeadlinePassedError: The time that `deadline` gave ends before.
            TaskEndedError: The clock is closed meanwhile.
        """
        task = self._current if self._current.thread is threading.current_thread() else self._outside
        end = self._now + max(0.0, seconds)
        moment = min(end, max(task.deadline, self._now))
        if task is self._outside:
            self._now = moment
        else:
            self._schedule(task, moment)
            self._back.release()
            task.turn.acquire()
        if task.is_ended:
            raise TaskEndedError(task.name)
        if end > task.deadline <= self._now:
            raise DeadlinePassedError(task.name)

    @contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """Limit the time in this context: a sleep beyond the limit raises."""
        task, before = self._current, self._current.deadline
        task.deadline = min(before, self._now + seconds)
        try:
            yield
        finally:
            task.deadline = before

    def spawn(self, function: Callable[[], object], *, name: str, at: float | None = None) -> Task:
        """Let a function run in a thread of its own, from now on or from a later moment."""
        task = Task(f"{name}#{self._order}")
        context = contextvars.copy_context()

        def work() -> None:
            task.turn.acquire()
            if not task.is_ended:
                try:
                    context.run(function)
                except BaseException as error:  # noqa: BLE001 - raised again where the clock is run
                    task.error = error
            self._back.release()

        task.thread = threading.Thread(target=work, name=task.name, daemon=True)
        task.thread.start()
        self._schedule(task, self._now if at is None else max(at, self._now))
        return task

    def call_at(self, moment: float, function: Callable[[], object], *, name: str) -> None:
        """Call a function that does not sleep at a moment, if a run lasts until then: no run goes on for its sake."""
        self._schedule(Task(f"{name}#{self._order}", call=function), max(moment, self._now))

    def wake(self, task: Task) -> None:
        """Let a task that waits go on now. One that runs or has ended is left alone."""
        if task.place:
            self._schedule(task, self._now)

    def run(self, until: float | None = None) -> None:
        """Run until no thread is left, or until a moment. Whatever ends it early also closes the clock.

        Raises:
            ClockStoppedError: There is no end to it, or a task waits for something other than this clock.
        """
        try:
            self._run(until)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End all tasks, so that no thread stays behind. Doing so again changes nothing."""
        for _ in range(_MOST_SWITCHES):
            task = self._next(None, is_over=True)
            if task is None:
                return
            task.is_ended = True
            if task.call is None:
                self._let(task)
            if task.thread is not None and not task.place:
                task.thread.join(_TURN_SECONDS)

    def _run(self, until: float | None) -> None:
        for _ in range(_MOST_SWITCHES):
            if until is None and not self._threads_waiting:
                return
            task = self._next(until)
            if task is None:
                return
            if task.call is not None:
                task.call()
                continue
            self._let(task)
            if task.error is not None:
                raise task.error
        waiting = sorted(task.name for _, _, place, task in self._due if place == task.place)
        raise ClockStoppedError(f"After {_MOST_SWITCHES} turns these still wait: {', '.join(waiting)}")

    def _let(self, task: Task) -> None:
        """Let a task run until it sleeps or ends."""
        self._current = task
        task.turn.release()
        # In real time: a task that waits for a lock of another one would block all forever.
        if not self._back.acquire(timeout=_TURN_SECONDS):
            raise ClockStoppedError(f"{task.name} has not slept or ended within {_TURN_SECONDS:g} s of real time")
        self._current = self._outside

    def _next(self, until: float | None, *, is_over: bool = False) -> Task | None:
        """Take the task that is due next, and move the time there unless all is over."""
        while self._due:
            moment, _, place, task = self._due[0]
            if place == task.place and until is not None and moment > until:
                break
            heapq.heappop(self._due)
            if place == task.place:
                task.place = 0
                self._threads_waiting -= task.call is None
                if not is_over:
                    self._now = max(self._now, moment)
                return task
        if until is not None:
            self._now = max(self._now, until)
        return None

    def _schedule(self, task: Task, moment: float) -> None:
        self._order += 1
        self._threads_waiting += task.call is None and not task.place
        task.place = self._order
        heapq.heappush(self._due, (moment, self._random.random(), self._order, task))
