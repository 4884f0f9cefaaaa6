"""Paths, parameters and results: the input and the output of states."""

from __future__ import annotations

import functools
import json
import re
from typing import Any

from local.json_document import Document
from local.states_language.errors import StateError, UnsupportedStateError, runtime_error

# "Quotas related to state machine executions", AWS Step Functions Developer Guide: UTF-8, in bytes.
MAX_DATA_BYTES = 262_144

_MISSING = object()
_STEP = re.compile(r"\.(?P<name>[A-Za-z_][\w-]*)|\['(?P<quoted>[^']+)'\]|\[(?P<index>\d+)\]")
_MATH_ADD = re.compile(r"States\.MathAdd\(\s*(?P<left>[^,]+?)\s*,\s*(?P<right>[^,]+?)\s*\)")


def dumps(data: Any) -> str:
    """Write data as Step Functions measures and shows them."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def size(text: str) -> int:
    """Return the bytes that a text counts for."""
    return len(text.encode("utf-8", "surrogatepass"))


def check_size(text: str, state: str, *, is_result: bool = False) -> None:
    """Raise States.DataLimitExceeded for a text that is longer than data may be.

    Args:
        text: The data, as `dumps` writes them.
        state: The state, for the message.
        is_result: Whether it is a task's own result, which a catcher may handle.
    """
    if size(text) > MAX_DATA_BYTES:
        cause = f"The state/task '{state}' returned a result with a size exceeding the maximum number of bytes"
        raise StateError("States.DataLimitExceeded", f"{cause} service limit.", is_result=is_result)


@functools.cache
def parse_path(path: str) -> tuple[str | int, ...]:
    """Return the steps of a path; `$$` at its beginning is the caller's.

    Raises:
        UnsupportedStateError: It has wildcards, slices, filters or functions.
    """
    rest = path.removeprefix("$$").removeprefix("$")
    steps: list[str | int] = []
    while rest:
        step = _STEP.match(rest)
        if step is None or not path.startswith("$"):
            raise UnsupportedStateError(f"path {path}")
        steps.append(int(step["index"]) if step["index"] else step["name"] or step["quoted"])
        rest = rest[step.end() :]
    return tuple(steps)


def find(path: str, data: Any, context: Any) -> Any:
    """Return what a path selects in the data, or in the context object for `$$`.

    Raises:
        LookupError: It selects nothing.
    """
    value = context if path.startswith("$$") else data
    for step in parse_path(path):
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step, _MISSING)
        elif isinstance(step, int) and isinstance(value, list):
            value = value[step] if step < len(value) else _MISSING
        else:
            value = _MISSING
        if value is _MISSING:
            raise LookupError(path)
    return value


def select(path: str | None, data: Any, context: Any) -> Any:
    """Apply an InputPath or OutputPath; null stands for an empty object.

    Raises:
        StateError: The path selects nothing.
    """
    if path is None:
        return {}
    try:
        return find(path, data, context)
    except LookupError:
        steps = "".join(f"['{step}']" if isinstance(step, str) else f"[{step}]" for step in parse_path(path))
        raise runtime_error(f"Invalid path '{path}' : No results for path: ${steps}") from None


def fill_in(template: Any, data: Any, context: Any) -> Any:
    """Fill in Parameters: a field whose name ends in `.$` gets what its path or function gives.

    Raises:
        StateError: A path selects nothing, or a function cannot work with its arguments.
    """
    if isinstance(template, list):
        return [fill_in(each, data, context) for each in template]
    if not isinstance(template, dict):
        return template
    filled: Document = {}
    for key, value in template.items():
        if key.endswith(".$"):
            filled[key.removesuffix(".$")] = evaluate(value, data, context, field=key)
        else:
            filled[key] = fill_in(value, data, context)
    return filled


def evaluate(expression: str, data: Any, context: Any, *, field: str) -> Any:
    """Return what a path or an intrinsic function gives.

    Args:
        expression: The path or function.
        data: The state's input.
        context: The context object.
        field: Where it stands, for messages.

    Raises:
        StateError: The path selects nothing, or the function cannot work with its arguments.
    """
    if expression.startswith("States."):
        return _add(expression, data, context, field)
    try:
        return find(expression, data, context)
    except LookupError:
        where = context if expression.startswith("$$") else data
        cause = f"The JSONPath '{expression}' specified for the field '{field}' could not be found in the input"
        raise runtime_error(f"{cause} '{dumps(where)}'") from None


def check_expression(expression: str) -> None:
    """Raise UnsupportedStateError for a path or a function that `evaluate` does not know."""
    if not expression.startswith("States."):
        parse_path(expression)
    elif _MATH_ADD.fullmatch(expression) is None:
        raise UnsupportedStateError(f"function {expression}")


def insert(result_path: str | None, data: Any, result: Any) -> Any:
    """Apply a ResultPath: put a result into the data; null leaves them as they are.

    Raises:
        StateError: Something on the path is there and is no object.
    """
    if result_path is None:
        return data
    steps = parse_path(result_path)
    return _inserted(steps, data, result, result_path, data)


def _inserted(steps: tuple[str | int, ...], data: Any, result: Any, path: str, whole: Any) -> Any:
    if not steps:
        return result
    if not isinstance(data, dict) or not isinstance(steps[0], str):
        cause = f"Unable to apply ReferencePath {path} to input {dumps(whole)}"
        raise StateError("States.ResultPathMatchFailure", cause)
    return {**data, steps[0]: _inserted(steps[1:], data.get(steps[0], {}), result, path, whole)}


def _add(expression: str, data: Any, context: Any, field: str) -> int:
    """Do States.MathAdd, the one function that the definitions use."""
    found = _MATH_ADD.fullmatch(expression)
    if found is None:
        raise UnsupportedStateError(f"function {expression}")
    total = 0
    for argument in found.groups():
        is_path = argument.startswith("$")
        value = evaluate(argument, data, context, field=field) if is_path else json.loads(argument)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise StateError("States.IntrinsicFailure", f"Invalid arguments in {expression}")
        total += round(value)
    return total
