"""The error that ends a command."""

WRONG = 1
"""The exit status of what went wrong."""


class CommandError(Exception):
    """Ends a command with exit status 1; the message says what is wrong and the way out."""
