"""Parts of documents that commands write: what stands between two marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

END = "<!-- until here -->"


def beginning(command: str) -> str:
    """Return the mark that stands before what a command writes."""
    return f"<!-- what `{command}` writes -->\n"


def replace_part(document: Path, command: str, part: str) -> None:
    """Put a text between the mark of a command and the next mark of an end.

    Args:
        document: The document.
        command: What the mark names, such as `make load`.
        part: The new text.
    """
    begin = beginning(command)
    text = document.read_text(encoding="utf-8")
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(END)
    document.write_text(f"{before}{begin}\n{part.strip()}\n\n{END}{after}", encoding="utf-8")
