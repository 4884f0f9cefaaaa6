"""The definitions are valid Amazon States Language, by three checks that know different rules."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from importlib import resources as packages
from typing import TYPE_CHECKING

import jsonschema
import pytest
from cfnlint.api import lint
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from deployer.json_document import Document
from tests.template.shipped import (
    read_definition,
)
from tests.template.state_machine_tasks import every_machine

if TYPE_CHECKING:
    from collections.abc import Callable


def deployed(definition: Document) -> Document:
    """Return the definition as it is deployed: with ARNs in the places of the functions."""
    arn = r"arn:aws:lambda:us-east-1:111122223333:function:\1:7"
    text = re.sub(r"\$\{(\w+)Arn\}", arn, json.dumps(definition)).replace("${Partition}", "aws")
    document: Document = json.loads(text)
    return document


def found_by_schema(definition: Document) -> list[str]:
    """Check a definition by cfn-lint's JSON Schema of the Amazon States Language."""
    text = packages.files("cfnlint").joinpath("data/schemas/other/step_functions/statemachine.json").read_text()
    # The schema has more beside its `$ref`s, which drafts before 2019-09 ignore.
    validator = jsonschema.Draft202012Validator(json.loads(text))
    return [error.message for error in validator.iter_errors(definition)]


def found_by_rule(definition: Document) -> list[str]:
    """Check a definition by cfn-lint's rule E3601. It cannot see one that is in a file, so it gets a template of it."""
    role = "arn:aws:iam::111122223333:role/machine"
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": role, "Definition": definition},
    }
    return [f"{match.rule.id} {match.message}" for match in lint(json.dumps({"Resources": {"Machine": machine}}))]


def found_by_grammar(definition: Document) -> list[str]:
    """Check a definition by a grammar of the Amazon States Language, which is strict where the schema is not."""
    try:
        AmazonStateLanguageParser.parse(json.dumps(definition))
    except Exception as error:  # noqa: BLE001 - the parser has no error class of its own
        return [str(error)]
    return []


CHECKS = {"schema": found_by_schema, "rule": found_by_rule, "grammar": found_by_grammar}

BROKEN: list[tuple[str, set[str], Callable[[Document], object]]] = [
    ("start is not a state", {"rule"}, lambda it: it.update(StartAt="Nowhere")),
    ("state without a type", {"schema", "rule", "grammar"}, lambda it: it["States"]["CreateModels"].pop("Type")),
    ("task without a resource", {"schema", "rule", "grammar"}, lambda it: it["States"]["CreateModels"].pop("Resource")),
    (
        "misspelt timeout",
        {"schema", "rule", "grammar"},
        lambda it: it["States"]["CreateModels"].update(TimoutSeconds=9),
    ),
    ("timeout in words", {"schema", "grammar"}, lambda it: it["States"]["CreateModels"].update(TimeoutSeconds="9")),
    ("timeout at no path", {"grammar"}, lambda it: it["States"]["DescribeEndpoint"].update(TimeoutSecondsPath=9)),
    ("two timeouts", {"grammar"}, lambda it: it["States"]["DescribeEndpoint"].update(TimeoutSeconds=9)),
    ("no way on", {"rule"}, lambda it: it["States"]["CreateModels"].pop("Next")),
    ("terminal with a way on", {"schema", "rule"}, lambda it: it["States"]["Failed"].update(Next="Deployed")),
    ("catch without a way on", {"schema", "rule"}, lambda it: it["States"]["CreateModels"]["Catch"][0].pop("Next")),
    (
        "catch to no path",
        {"grammar"},
        lambda it: it["States"]["CreateModels"]["Catch"][0].update(ResultPath=9),
    ),
    ("choice without a way on", {"schema", "rule"}, lambda it: it["States"]["IsRestored"]["Choices"][0].pop("Next")),
    ("misspelt comparison", {"grammar"}, lambda it: it["States"]["IsRestored"]["Choices"][0].update(BoolEquals=True)),
    ("misspelt retry", {"grammar"}, lambda it: it["States"]["CreateModels"]["Retry"][0].update(MaxAttempt=9)),
    ("unknown jitter", {"grammar"}, lambda it: it["States"]["CreateModels"]["Retry"][0].update(JitterStrategy="ANY")),
    ("wait for nothing", {"grammar"}, lambda it: it["States"]["WaitForOtherDeployment"].pop("SecondsPath")),
]
"""Definitions that are wrong, and the checks that say so."""


@every_machine
@pytest.mark.parametrize("check", CHECKS)
def test_definition_is_valid_states_language(machine: str, check: str) -> None:
    """Schema, linter and grammar know different rules of the language; the definitions keep all of them."""
    assert not CHECKS[check](deployed(read_definition(machine)))


@pytest.mark.parametrize(("checks", "breach"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_broken_definition_is_found(
    definition: Document, checks: set[str], breach: Callable[[Document], object]
) -> None:
    """The checks above can fail: each breach is found by those that claim to know the rule."""
    broken = deepcopy(deployed(definition))

    breach(broken)

    assert all(CHECKS[check](broken) for check in checks)
