"""Definitions: read from a file, and refused if they have what this interpreter does not do."""

from __future__ import annotations

from typing import Any

from local.json_document import Document
from local.states_language.choices import check_rule
from local.states_language.errors import UnsupportedStateError
from local.states_language.paths import check_expression, parse_path

CALLBACK = "states:::lambda:invoke.waitForTaskToken"
"""How the resource of a Task ends that waits for its token."""

_EVERY = {"Type", "Comment"}
_ON = {"Next", "End"}
_PATHS = {"InputPath", "OutputPath"}
_FIELDS: dict[str, set[str]] = {
    "Pass": {*_EVERY, *_ON, *_PATHS, "Parameters", "Result", "ResultPath"},
    "Choice": {*_EVERY, *_PATHS, "Choices", "Default"},
    "Wait": {*_EVERY, *_ON, *_PATHS, "Seconds", "SecondsPath", "Timestamp"},
    "Succeed": {*_EVERY, *_PATHS},
    "Fail": {*_EVERY, "Error", "Cause", "ErrorPath", "CausePath"},
    "Task": {
        *_EVERY, *_ON, *_PATHS, "Resource", "Parameters", "ResultPath", "Retry", "Catch", "TimeoutSeconds",
        "TimeoutSecondsPath",
    },
}  # fmt: skip


def check(definition: Document) -> None:
    """Make sure that a definition has nothing that would be ignored without an error.

    Raises:
        UnsupportedStateError: It has: Parallel or Map states, JSONata, variables, heartbeats, unknown functions …
    """
    states = definition["States"].values()
    unknown = sorted({state["Type"] for state in states} - _FIELDS.keys())
    if unknown:
        raise UnsupportedStateError(", ".join(unknown))
    if definition.get("QueryLanguage", "JSONPath") != "JSONPath":
        raise UnsupportedStateError(definition["QueryLanguage"])
    for name, state in definition["States"].items():
        fields = sorted(state.keys() - _FIELDS[state["Type"]])
        if fields:
            raise UnsupportedStateError(f"{name}: {', '.join(fields)}")
        _check_expressions(state)
        for rule in state.get("Choices", []):
            check_rule(rule)
        if state["Type"] == "Task":
            _check_resource(name, state["Resource"])


def _check_expressions(value: Any) -> None:
    if isinstance(value, list):
        for each in value:
            _check_expressions(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key.endswith(".$") or key in {"ErrorPath", "CausePath"}:
                check_expression(each)
            elif key.endswith("Path") and each is not None:
                parse_path(each)
            elif key not in {"Result", "Comment"}:
                _check_expressions(each)


def _check_resource(name: str, resource: str) -> None:
    if ":lambda:" not in resource or (":states:::" in resource and not resource.endswith(CALLBACK)):
        raise UnsupportedStateError(f"{name}: {resource}")
