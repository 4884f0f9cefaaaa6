"""The definitions fit the JSON Schema of Amazon States Language that cfn-lint has."""

from __future__ import annotations

import importlib.resources
import json
import re
from typing import TYPE_CHECKING

import jsonschema
import pytest

from tests.template.shipped import MACHINES, read_definition, tasks_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.json_document import Document


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    """The schema of state machines, as cfn-lint ships it; keywords beside `$ref` count in it."""
    path = "data/schemas/other/step_functions/statemachine.json"
    schema = json.loads(importlib.resources.files("cfnlint").joinpath(path).read_text())
    return jsonschema.Draft202012Validator(schema)


def deployed(machine: str) -> Document:
    """Return a definition as CloudFormation passes it to Step Functions, with sample ARNs for its placeholders."""
    text = json.dumps(read_definition(machine)).replace("${Partition}", "aws")
    definition: Document = json.loads(
        re.sub(r"\$\{(\w+)Arn\}", r"arn:aws:lambda:us-east-1:111122223333:function:\1:1", text)
    )
    return definition


@pytest.mark.parametrize("machine", MACHINES)
def test_definition_is_states_language(schema: jsonschema.Draft202012Validator, machine: str) -> None:
    """Each state has the fields of its type, each of its own kind, and no others."""
    problems = [(error.json_path, error.message) for error in schema.iter_errors(deployed(machine))]

    assert problems == []


def _misspell_type(task: Document) -> None:
    task["Type"] = "Tusk"


def _forget_resource(task: Document) -> None:
    del task["Resource"]


def _catch_nothing(task: Document) -> None:
    task["Catch"] = [{"Next": "Somewhere"}]


def _retry_in_words(task: Document) -> None:
    task["Retry"] = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": "three"}]


@pytest.mark.parametrize(
    "spoil",
    [_misspell_type, _forget_resource, _catch_nothing, _retry_in_words],
    ids=lambda spoil: spoil.__name__.lstrip("_"),
)
def test_schema_refuses_mistakes(schema: jsonschema.Draft202012Validator, spoil: Callable[[Document], None]) -> None:
    """It is not a schema that everything fits."""
    definition = deployed("DeployEndpoint")

    spoil(next(iter(tasks_of(definition).values())))

    assert not schema.is_valid(definition)
