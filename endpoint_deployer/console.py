"""The context of every command: the stack and the consoles."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from rich.console import Console

from endpoint_deployer.view.progress import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from endpoint_deployer.aws.stack import Stack

_WIDTH_OF_A_PIPE = 200
"""Columns where no terminal says how many there are, so that lines stay whole."""


def _console(*, is_error: bool = False) -> Console:
    stream = sys.stderr if is_error else sys.stdout
    width = None if stream.isatty() else _WIDTH_OF_A_PIPE
    return Console(highlight=False, stderr=is_error, width=width)


@dataclass
class Invocation:
    """One call of the command line.

    Attributes:
        stack: The stack that it is about.
        out: Prints results.
        err: Prints progress and remarks.
    """

    stack: Stack
    out: Console = field(default_factory=_console)
    err: Console = field(default_factory=lambda: _console(is_error=True))

    def print_json(self, document: object) -> None:
        """Print a document as JSON."""
        self.out.print(json.dumps(document, indent=2, default=_written), markup=False, soft_wrap=True)

    @contextmanager
    def busy(self, activity: str) -> Iterator[None]:
        """Show an activity with a stopwatch while it goes on; nothing of it stays."""
        with self.err.status(Stopwatch(activity)):
            yield


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
