"""What a command ends with that cannot go on."""

from __future__ import annotations

import typer

WRONG = 1
"""The exit status of what went wrong."""


class CommandError(typer.TyperException):
    """Ends a command with exit status 1; the message says what is wrong and the way out."""

    exit_code = WRONG
