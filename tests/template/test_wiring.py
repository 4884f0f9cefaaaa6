"""One phrase, respelled by rule, names a step in every layer."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FUNCTIONS = ROOT / "functions"


def snake(name: str) -> str:
    """Respell a state's name as a module's."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def test_every_task_is_wired_by_its_name(tasks: dict[str, Any], resources: dict[str, Any]) -> None:
    """State, placeholder, function, handler, module, role and log group bear one name."""
    substitutions = resources["DeployEndpointStateMachine"]["Properties"]["DefinitionSubstitutions"]
    for name, task in tasks.items():
        function = resources[f"{name}Function"]["Properties"]
        log_group = resources[f"{name}FunctionLogGroup"]["Properties"]

        assert task["Resource"] == f"${{{name}FunctionArn}}"
        assert substitutions[f"{name}FunctionArn"] == {"Fn::GetAtt": [f"{name}Function", "Arn"]}
        assert function["Handler"] == f"{snake(name)}.handler"
        assert function["Role"] == {"Fn::GetAtt": [f"{name}FunctionRole", "Arn"]}
        assert function["LoggingConfig"] == {"LogGroup": {"Ref": f"{name}FunctionLogGroup"}}
        assert log_group["RetentionInDays"] == {"Ref": "LogRetentionInDays"}
        assert callable(importlib.import_module(snake(name)).handler)


def test_nothing_is_wired_that_no_state_uses(tasks: dict[str, Any], resources: dict[str, Any]) -> None:
    """There is no function, placeholder, permission or module beside those of the Task states."""
    machine = resources["DeployEndpointStateMachine"]["Properties"]
    statements = resources["DeployEndpointStateMachineRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    invokes = next(statement for statement in statements if statement["Action"] == "lambda:InvokeFunction")

    functions = {name for name, resource in resources.items() if resource["Type"] == "AWS::Serverless::Function"}

    assert functions == {f"{name}Function" for name in tasks}
    assert set(machine["DefinitionSubstitutions"]) == {f"{name}FunctionArn" for name in tasks}
    assert {resource["Fn::GetAtt"][0] for resource in invokes["Resource"]} == functions
    assert {path.stem for path in FUNCTIONS.glob("*.py")} == {snake(name) for name in tasks}


def imports(path: Path) -> set[str]:
    """List the deployer's modules that a module imports when it runs, not only for its types."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.dump(branch.test)
        for node in ast.walk(branch)
    }
    return {
        node.module.removeprefix("deployer.")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module
        and node.module.startswith("deployer.")
        and id(node) not in typing_only
    }


LAYERS = [
    {"errors", "naming"},
    {"service_model", "manifest", "rules", "allowances", "smoke_test", "request", "outcome"},
    {"artifacts", "content", "planning", "changes", "history"},
    {"sagemaker_calls", "hosting", "inference", "monitoring"},
    {"triggers", "drafting", "usage", "undoing", "retiring"},
    {"runtime"},
]
"""From the ground up: a module imports its own layer or lower ones."""


@pytest.mark.parametrize("path", sorted((FUNCTIONS / "deployer").glob("[a-z]*.py")), ids=lambda path: path.stem)
def test_imports_run_one_way(path: Path) -> None:
    """No module of the package imports one of a layer above its own."""
    level = next(index for index, layer in enumerate(LAYERS) if path.stem in layer)

    assert imports(path) <= set().union(*LAYERS[: level + 1])


def test_the_package_imports_no_handler() -> None:
    """What the steps share knows none of them."""
    handlers = {path.stem for path in FUNCTIONS.glob("*.py")}
    for path in (FUNCTIONS / "deployer").glob("*.py"):
        names = {
            alias.name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        assert not names & handlers
