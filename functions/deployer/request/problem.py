"""A problem of a request, and the words that describe a wrong value."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployer.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN_CHARACTERS = 80
_LIKENESS = 0.7


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem of a document."""

    path: str
    """Such as `EndpointConfig.ProductionVariants[0].InstanceType`."""
    message: str

    def __str__(self) -> str:
        """Write the problem as one line, whatever characters a request puts into it."""
        return printable(f"{self.path}: {self.message}")


def reject(problems: Iterable[Problem]) -> None:
    """Raise InvalidRequestError with a line for each problem, if there are any."""
    if lines := [str(problem) for problem in problems]:
        raise InvalidRequestError("\n".join(lines))


def printable(text: str) -> str:
    """Escape line breaks, and characters that no line can hold."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def nearest(word: object, words: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the word that is most like a misspelt one, or nothing."""
    by_lower_case = {known.lower(): known for known in words}
    close = difflib.get_close_matches(str(word)[:_SHOWN_CHARACTERS].lower(), by_lower_case, n=1, cutoff=_LIKENESS)
    return f"; did you mean '{by_lower_case[close[0]]}'?" if close else ""


def listed(values: Iterable[object]) -> str:
    """Write values in their order, with commas."""
    return ", ".join(map(str, sorted(values, key=str)))


def shown(value: object) -> str:
    """Quote a value from a request, cut to a readable length."""
    text = repr(value) if not isinstance(value, str) else f"'{value}'"
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def described_type(value: object) -> str:
    """Name the JSON type of a value."""
    names = {bool: "true or false", str: "text", int: "a number", float: "a number", list: "a list", dict: "a mapping"}
    return names.get(type(value), "empty" if value is None else type(value).__name__)
