"""Executions keep the code and the settings of the functions that they began with, while the stack is updated.

The state machines name published versions. Lambda publishes one when CloudFormation makes an AWS::Lambda::Version: SAM
gives it another logical id if a function's properties change, and CloudFormation replaces it if its description does.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from deployer.json_document import Document
from tests.template.sam_resources import transformed
from tests.template.shipped import MACHINES, functions_of, read_template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def of_type(resources: Document, kind: str) -> Document:
    """Return the resources of a type."""
    return {name: resource for name, resource in resources.items() if resource["Type"] == kind}


@pytest.fixture(autouse=True)
def _region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def deployed(template: Document) -> Document:
    """The resources that SAM makes of the template."""
    return transformed(template)


@pytest.mark.parametrize("machine", MACHINES)
def test_state_machine_invokes_published_versions(deployed: Document, machine: str) -> None:
    """The definition has the ARN of a version, which names its number."""
    substituted = deployed[f"{machine}StateMachine"]["Properties"]["DefinitionSubstitutions"]

    for placeholder, value in substituted.items():
        if placeholder != "Partition":
            version = deployed[value["Ref"]]
            assert version["Type"] == "AWS::Lambda::Version"
            assert version["Properties"]["FunctionName"] == {"Ref": placeholder.removesuffix("Arn")}


def test_old_versions_stay(resources: Document, deployed: Document) -> None:
    """Both kinds are kept: those that leave the template, and those that are replaced."""
    versions = of_type(deployed, "AWS::Lambda::Version")

    assert len(versions) == len(functions_of(resources))
    for version in versions.values():
        assert version["DeletionPolicy"] == version["UpdateReplacePolicy"] == "Retain"


def test_functions_go_with_their_stack(deployed: Document) -> None:
    """A policy that keeps the versions must not keep the functions of a stack that is deleted."""
    functions = of_type(deployed, "AWS::Lambda::Function")

    assert functions
    assert not any("DeletionPolicy" in function for function in functions.values())


CHANGES: dict[str, Callable[[Document], object]] = {
    "timeout": lambda it: it["Resources"]["PlanDeploymentFunction"]["Properties"].update(Timeout=77),
    "memory": lambda it: it["Globals"]["Function"].update(MemorySize=1024),
    "variable": lambda it: it["Globals"]["Function"]["Environment"]["Variables"].update(ONE="1"),
    "handler": lambda it: it["Resources"]["PlanDeploymentFunction"]["Properties"].update(Handler="another.handler"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changed_function_gets_another_version(deployed: Document, change: Callable[[Document], object]) -> None:
    template = read_template()

    change(template)

    version = version_of(deployed, "PlanDeployment")
    assert version_of(transformed(template), "PlanDeployment") != version


def test_changed_code_gets_another_version(template: Document, deployed: Document) -> None:
    assert version_of(transformed(template, code="two"), "PlanDeployment") != version_of(deployed, "PlanDeployment")


def version_of(deployed: Document, function: str) -> str:
    """Return the logical id of a function's version."""
    return next(name for name in of_type(deployed, "AWS::Lambda::Version") if name.startswith(f"{function}Function"))


def named_in(value: Any, conditions: Document) -> Iterator[str]:
    """Yield what a value refers to, by way of conditions, too."""
    if isinstance(value, list):
        for each in value:
            yield from named_in(each, conditions)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "Ref":
                yield inner
            elif key == "Fn::If":
                yield from named_in([conditions[inner[0]], *inner[1:]], conditions)
            elif key == "Fn::Sub":
                text, variables = (inner, {}) if isinstance(inner, str) else inner
                yield from re.findall(r"\$\{([\w:]+)\}", text)
                yield from named_in(variables, conditions)
            else:
                yield from named_in(inner, conditions)


def test_changed_parameter_gets_other_versions(template: Document, deployed: Document) -> None:
    """SAM sees no change of a parameter. The settings hold each one that the functions know, and number themselves.

    The number is in each function, too: CloudFormation refuses a new version of a function that is unchanged.
    """
    parameters, conditions = set(template["Parameters"]), template["Conditions"]
    functions, versions = (of_type(deployed, f"AWS::Lambda::{kind}") for kind in ("Function", "Version"))

    known = {name for each in functions.values() for name in named_in(each["Properties"], conditions)} & parameters
    recorded = set(named_in(template["Resources"]["Settings"]["Properties"]["Content"], conditions))

    assert known == recorded & parameters
    assert "AllowedRoleArns" in known
    for function in functions.values():
        assert function["Properties"]["Environment"]["Variables"]["SETTINGS_VERSION"] == {"Ref": "Settings"}
    for version in versions.values():
        assert "Settings" in set(named_in(version["Properties"]["Description"], conditions))


def test_description_of_a_version_is_short(deployed: Document) -> None:
    """Lambda takes 256 characters (Lambda API Reference, PublishVersion), and lists of ARNs are longer."""
    for version in of_type(deployed, "AWS::Lambda::Version").values():
        assert json.dumps(version["Properties"]["Description"]) == '{"Fn::Sub": "Settings ${Settings}"}'
