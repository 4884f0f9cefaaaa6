"""Choice rules: which state follows."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any

from local.json_document import Document
from local.states_language.errors import StateError, UnsupportedStateError, runtime_error
from local.states_language.paths import find

if TYPE_CHECKING:
    from collections.abc import Callable


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "IsPresent": lambda _: True,
    "IsNull": lambda value: value is None,
    "IsString": lambda value: isinstance(value, str),
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsNumeric": _is_number,
}
_NUMBERS: dict[str, Callable[[Any, Any], bool]] = {
    "NumericEquals": operator.eq,
    "NumericLessThan": operator.lt,
    "NumericLessThanEquals": operator.le,
    "NumericGreaterThan": operator.gt,
    "NumericGreaterThanEquals": operator.ge,
}
_COMBINED = {"And", "Or", "Not"}
OPERATORS = frozenset({*_TYPES, *_NUMBERS, "StringEquals", "StringMatches", "BooleanEquals"})
"""The comparisons that rules may have."""


def choose(state: Document, data: Any, context: Any) -> str:
    """Return the state that follows a Choice state.

    Raises:
        StateError: No rule matches and there is no Default, or a rule compares what is not there.
    """
    for rule in state["Choices"]:
        if matches(rule, data, context):
            return str(rule["Next"])
    if "Default" not in state:
        cause = f"Failed to transition out of the state '{context['State']['Name']}'."
        raise StateError("States.NoChoiceMatched", cause)
    return str(state["Default"])


def matches(rule: Document, data: Any, context: Any) -> bool:
    """Return whether a rule matches.

    A comparison with a value of another type does not match. A path that selects nothing is an error for every
    comparison but IsPresent.

    Raises:
        StateError: A path selects nothing.
    """
    if "And" in rule:
        return all(matches(each, data, context) for each in rule["And"])
    if "Or" in rule:
        return any(matches(each, data, context) for each in rule["Or"])
    if "Not" in rule:
        return not matches(rule["Not"], data, context)
    path, name = rule["Variable"], _operator(rule)
    try:
        value = find(path, data, context)
    except LookupError:
        if name == "IsPresent":
            return rule[name] is False
        cause = f"Invalid path '{path}': The choice state's condition path references an invalid value."
        raise runtime_error(cause) from None
    return _compare(name, value, rule[name])


def check_rule(rule: Document) -> None:
    """Raise UnsupportedStateError for a rule that `matches` does not know."""
    combined = [key for key in rule if key in _COMBINED]
    for key in combined:
        for each in [rule[key]] if key == "Not" else rule[key]:
            check_rule(each)
    if not combined:
        _check_wanted(_operator(rule), rule)


def _check_wanted(name: str, rule: Document) -> None:
    """Raise UnsupportedStateError for a rule that compares with a value that its operator does not have."""
    wanted = rule[name]
    if name in _NUMBERS:
        is_right = _is_number(wanted)
    else:
        is_right = isinstance(wanted, str if name.startswith("String") else bool)
    if not is_right:
        raise UnsupportedStateError(f"choice by {name} of {wanted!r}")


def _operator(rule: Document) -> str:
    names = [key for key in rule if key not in {"Variable", "Next", "Comment"}]
    if len(names) != 1 or names[0] not in OPERATORS:
        raise UnsupportedStateError(f"choice by {', '.join(names)}")
    return names[0]


def _compare(name: str, value: Any, wanted: Any) -> bool:
    if name in _TYPES:
        return _TYPES[name](value) is wanted
    if name in _NUMBERS:
        return _is_number(value) and _NUMBERS[name](value, wanted)
    if name == "BooleanEquals":
        return isinstance(value, bool) and value is wanted
    if name == "StringMatches":
        pattern = ".*".join(map(re.escape, wanted.split("*")))
        return isinstance(value, str) and re.fullmatch(pattern, value, re.DOTALL) is not None
    return isinstance(value, str) and value == wanted
