"""What small definitions of the interpreter's tests wait for and raise."""

from __future__ import annotations

from typing import Any


def refuse(*_: Any) -> None:
    """Fail as a function does."""
    raise LookupError("not here")
