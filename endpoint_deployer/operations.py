"""The rows of docs/operations.md about an outcome or an error; the document is part of the package."""

from __future__ import annotations

import functools
import re
from importlib.resources import files

_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")


def meaning_of(name: str) -> dict[str, str]:
    """Return the row of an error or an outcome, by the headings of its table; empty if it has none."""
    return _rows().get(name, {})


@functools.cache
def _rows() -> dict[str, dict[str, str]]:
    """Read all tables whose first column is that of an error or an outcome."""
    text = files("endpoint_deployer").joinpath("operations.md").read_text(encoding="utf-8")
    rows: dict[str, dict[str, str]] = {}
    headings: list[str] = []
    for line in text.splitlines():
        cells = [_plain(cell) for cell in line.strip("|").split(" | ")] if line.startswith("|") else []
        if not cells:
            headings = []
        elif not headings:
            headings = cells
        elif headings[0] in {"error", "outcome"} and not line.startswith("|---"):
            rows.setdefault(cells[0], dict(zip(headings[1:], cells[1:], strict=False)))
    return rows


def _plain(cell: str) -> str:
    """Return the text of a cell without links and code marks."""
    return _LINK.sub(r"\1", cell).replace("`", "").strip()
