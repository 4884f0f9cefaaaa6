"""A limit on the time of a computation."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class TimeIsUpError(Exception):
    """A computation took longer than its limit."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupt the code in a `with` block after some seconds.

    A timer of the operating system does it, because nothing else interrupts a regular expression in this process: its
    matching stays in C, but looks for signals (CPython, `Modules/_sre`), as the interpreter does; other loops in C end
    first. Python handles signals in the main thread only, in which Lambda calls handlers; in any other thread, as in
    tests, there is no limit.

    Raises:
        TimeIsUpError: The time is over.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise TimeIsUpError(f"has taken more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
