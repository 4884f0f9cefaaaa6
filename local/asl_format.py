"""Format the state machines' definitions, so that a person can read one from top to bottom.

Usage: python -m local.asl_format [--check]

An indenting writer of JSON gives each number of each retrier a line of its own. In the house format a state begins
with its type and its comment. What it does follows, then its choices, retriers and catchers, then the next state: these
begin a line each, while other fields share lines of up to 120 characters. A list that does not fit a line has one entry
a line, however long: a retrier's errors, and then its numbers. States that only end the execution are one line. It
stays plain JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any, Literal

from local.environment import ROOT
from local.json_document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


DEFINITIONS = ROOT / "statemachine"
_WIDTH = 120
_INDENT = 2
_STATE_LEVEL = 2
"""A state is in "States", and that in the definition."""
_HEAD = frozenset({"Type", "Comment"})
_OWN_LINE = frozenset({"Choices", "Default", "Retry", "Catch"})
"""Fields of a state that share no line."""


class DuplicateFieldError(ValueError):
    """An object has two fields of one name; a reader of JSON would drop one of them."""


def format_definition(text: str) -> str:
    """Return a definition in the house format.

    Args:
        text: JSON, in any format.

    Raises:
        json.JSONDecodeError: The text is not JSON.
        DuplicateFieldError: An object has two fields of one name.
    """
    definition = json.loads(text, object_pairs_hook=_unique_fields)
    return "\n".join(_lines(definition, 0, "", "")) + "\n"


def find_unformatted(folder: Path = DEFINITIONS) -> Iterator[tuple[Path, str]]:
    """Yield the definitions below a folder that are not in the house format, each with its formatted text."""
    for path in sorted(folder.glob("*.asl.json")):
        text = path.read_text(encoding="utf-8")
        formatted = format_definition(text)
        if formatted != text:
            yield path, formatted


def main(arguments: Sequence[str] | None = None) -> int:
    """Format the definitions, or with `--check` only name those that are not formatted; return the exit code."""
    parser = argparse.ArgumentParser(description="Format the state machines' definitions.")
    parser.add_argument("--check", action="store_true", help="change nothing, and fail if a file is not formatted")
    is_check = parser.parse_args(arguments).check
    unformatted = list(find_unformatted())
    for path, formatted in unformatted:
        if not is_check:
            path.write_text(formatted, encoding="utf-8")
        sys.stdout.write(f"{'Would format' if is_check else 'Formatted'} {path.name}\n")
    return int(is_check and bool(unformatted))


def _unique_fields(pairs: list[tuple[str, Any]]) -> Document:
    fields: Document = {}
    for name, value in pairs:
        if name in fields:
            raise DuplicateFieldError(name)
        fields[name] = value
    return fields


def _lines(value: Any, level: int, before: str, after: str) -> list[str]:
    """Write a value in lines.

    Args:
        value: What to write.
        level: How many objects and arrays it is in.
        before: What stands before it in its first line, such as its name.
        after: What follows it in its last line, such as a comma.
    """
    indent = " " * _INDENT * level
    line = f"{indent}{before}{_inline(value)}{after}"
    if _is_scalar(value) or (_may_be_inline(value, level) and (len(line) <= _WIDTH or _is_entry(value, before))):
        return [line]
    if isinstance(value, dict) and level > _STATE_LEVEL and all(map(_is_scalar, value.values())):
        return _fill(list(_fields(value)), indent, f"{before}{{", f"}}{after}")
    parts = list(value.items()) if isinstance(value, dict) else [(None, each) for each in value]
    ends = [","] * (len(parts) - 1) + [""]
    inner: list[str] = []
    shared: Literal["head", "body"] | None = None
    for (name, part), end in zip(parts, ends, strict=True):
        lines = _lines(part, level + 1, "" if name is None else f"{_inline(name)}: ", end)
        before_it, shared = shared, _sharing(name, lines) if level == _STATE_LEVEL else None
        if shared and shared == before_it and len(joined := f"{inner[-1]} {lines[0].lstrip()}") <= _WIDTH:
            inner[-1] = joined
        else:
            inner += lines
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return [f"{indent}{before}{opening}", *inner, f"{indent}{closing}{after}"]


def _may_be_inline(value: Any, level: int) -> bool:
    """Return whether a value is below a state's fields, or a state that only ends the execution."""
    if level == _STATE_LEVEL and isinstance(value, dict):
        return value.get("Type") in {"Succeed", "Fail"}
    return level > _STATE_LEVEL


def _is_entry(value: Any, before: str) -> bool:
    """Return whether a value is a retrier, a catcher or a choice: an object without a name, in a list."""
    return isinstance(value, dict) and not before


def _sharing(name: str | None, lines: list[str]) -> Literal["head", "body"] | None:
    """Return with which fields of a state a field shares lines: with those of the same part."""
    if len(lines) > 1 or name in _OWN_LINE:
        return None
    return "head" if name in _HEAD else "body"


def _fill(fields: list[str], indent: str, before: str, after: str) -> list[str]:
    """Write an object of scalars in as few lines as it needs."""
    lines = [f"{indent}{before}{fields[0]}"]
    ends = [","] * (len(fields) - 2) + [after]
    for field, end in zip(fields[1:], ends, strict=False):
        if len(f"{lines[-1]}, {field}{end}") <= _WIDTH:
            lines[-1] += f", {field}"
        else:
            lines[-1] += ","
            lines.append(f"{indent}{' ' * _INDENT}{field}")
    lines[-1] += after
    return lines


def _fields(value: Document) -> Iterator[str]:
    return (f"{_inline(name)}: {_inline(part)}" for name, part in value.items())


def _is_scalar(value: Any) -> bool:
    """Return whether a value needs one line whatever it holds; empty objects and arrays do."""
    return not (isinstance(value, dict | list) and value)


def _inline(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
