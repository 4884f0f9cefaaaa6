"""Makes a polite request to terminate end a program as Ctrl-C does: through its `finally` blocks."""

import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

_INTERRUPTED = 128 + signal.SIGINT


def run_interruptible(main: Callable[[], int]) -> NoReturn:
    """Run a program to its end, or until it is interrupted, and exit with its status.

    A program inherits that SIGINT is ignored, as in a background job of a script: then Python sets no handler for it.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
