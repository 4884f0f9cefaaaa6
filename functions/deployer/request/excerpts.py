"""Parts of long texts, for messages of one line."""

from __future__ import annotations

from deployer.request.problem import printable

_CHARACTERS = 200


def excerpt(text: str) -> str:
    """Return the beginning of a text, on one line."""
    return printable(text[:_CHARACTERS]) + ("…" if len(text) > _CHARACTERS else "")


def quoted(text: str) -> str:
    """Return the beginning of a text in quotes."""
    return f"'{excerpt(text)}'"


def quoted_bytes(content: bytes) -> str:
    """Return the beginning of a content in quotes."""
    # No character has more than four bytes.
    return quoted(content[: 4 * _CHARACTERS + 4].decode(errors="replace"))


def described_failure(failure: Exception) -> str:
    """Name an exception, and the beginning of what it says."""
    name = type(failure).__name__
    try:
        return f"{name}: {excerpt(str(failure))}"
    except RecursionError:
        # It would show all of what is too deep.
        return name
