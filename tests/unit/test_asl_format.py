"""The house format of the state machines' definitions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.asl_format import DEFINITIONS, DuplicateFieldError, find_unformatted, format_definition, main

if TYPE_CHECKING:
    from pathlib import Path

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=30
)
states = st.dictionaries(texts, st.dictionaries(texts, values, max_size=6), max_size=4)

TASK = {
    "Type": "Task",
    "Comment": "Do it.",
    "Resource": "${DoFunctionArn}",
    "TimeoutSeconds": 75,
    "Parameters": {"Plan.$": "$.Plan", "Now.$": "$$.State.EnteredTime"},
    "ResultPath": "$.Done",
    "Retry": [
        {
            "ErrorEquals": ["ModelNotVisibleError", "EndpointConfigNotVisibleError", "EndpointNotVisibleError"],
            "IntervalSeconds": 1,
            "BackoffRate": 2,
            "MaxAttempts": 34,
        }
    ],
    "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Done"}],
    "Next": "Done",
}

FORMATTED = """\
{
  "StartAt": "Do",
  "States": {
    "Do": {
      "Type": "Task", "Comment": "Do it.",
      "Resource": "${DoFunctionArn}", "TimeoutSeconds": 75,
      "Parameters": {"Plan.$": "$.Plan", "Now.$": "$$.State.EnteredTime"}, "ResultPath": "$.Done",
      "Retry": [
        {"ErrorEquals": ["ModelNotVisibleError", "EndpointConfigNotVisibleError", "EndpointNotVisibleError"], \
"IntervalSeconds": 1, "BackoffRate": 2, "MaxAttempts": 34}
      ],
      "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": null, "Next": "Done"}],
      "Next": "Done"
    },
    "Done": {"Type": "Succeed"}
  }
}
"""


def formatted(value: Any) -> str:
    """Format a value that stands for a definition."""
    return format_definition(json.dumps(value))


@given(st.fixed_dictionaries({"Comment": texts, "States": states}) | values)
def test_the_json_stays_equal_and_formatting_twice_changes_nothing(value: Any) -> None:
    """Only white space changes, whatever the JSON is; also the order of fields stays."""
    text = formatted(value)

    assert json.dumps(json.loads(text)) == json.dumps(value)
    assert format_definition(text) == text


def test_short_fields_share_lines_and_a_retrier_has_one_however_long() -> None:
    """Type and comment come first, what the state does follows; a retrier's errors come before its numbers."""
    text = formatted({"StartAt": "Do", "States": {"Do": TASK, "Done": {"Type": "Succeed"}}})

    assert text == FORMATTED


def test_an_object_of_scalars_that_is_too_long_fills_its_lines() -> None:
    """No line is longer than it has to be, and no field stands alone without need."""
    parameters = {f"Field{number}.$": f"$.Plan.SomeField{number}" for number in range(10)}

    lines = formatted({"States": {"Do": {"Type": "Pass", "Parameters": parameters}}}).splitlines()

    block = [line for line in lines if "SomeField" in line]
    assert len(block) == 4
    assert max(map(len, block)) <= 120


@pytest.mark.parametrize("text", ['{"Type": "Task", "Type": "Pass"}', '{"States": {"Do": {"Next": "A", "Next": "B"}}}'])
def test_duplicate_field_is_refused(text: str) -> None:
    """Formatting must not drop one of two fields of the same name."""
    with pytest.raises(DuplicateFieldError):
        format_definition(text)


def test_the_definitions_are_formatted() -> None:
    """`make lint` finds nothing to format in the files that are shipped."""
    assert len(list(DEFINITIONS.glob("*.asl.json"))) == 2
    assert list(find_unformatted()) == []
    assert main(["--check"]) == 0


def test_check_names_unformatted_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With `--check` nothing is written; without it the file is, and then all is well."""
    path = tmp_path / "one.asl.json"
    path.write_text(json.dumps({"States": {"Do": TASK}}))
    monkeypatch.setattr("local.asl_format.find_unformatted", lambda: find_unformatted(tmp_path))

    assert main(["--check"]) == 1
    assert path.read_text() == json.dumps({"States": {"Do": TASK}})
    assert main([]) == 0
    assert main(["--check"]) == 0
    assert capsys.readouterr().out == "Would format one.asl.json\nFormatted one.asl.json\n"
