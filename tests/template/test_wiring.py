"""One phrase, respelled by rule, names a step in every layer; and imports run one way."""

from __future__ import annotations

import ast
import importlib
import re
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

import pytest

from deployer.aws.event_bus import APPROVAL_REQUESTED, DEPLOYMENT_ENDED, SOURCE
from deployer.json_document import Document
from tests.template.shipped import (
    EVENT_FUNCTIONS,
    FUNCTIONS,
    MACHINES,
    ROOT,
    SHARED,
    function_of,
    functions_of,
    module_of,
    read_definition,
    tasks_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


STEPS = {machine: {function_of(task) for task in tasks_of(read_definition(machine)).values()} for machine in MACHINES}
"""The functions of each state machine."""


@pytest.mark.parametrize("machine", MACHINES)
def test_states_are_named_like_their_functions(machine: str) -> None:
    for name, task in tasks_of(read_definition(machine)).items():
        assert function_of(task) == SHARED.get(name, name)


@pytest.mark.parametrize("name", sorted(set().union(*STEPS.values(), EVENT_FUNCTIONS)))
def test_function_handler_and_role_have_one_name(resources: Document, name: str) -> None:
    function = resources[f"{name}Function"]["Properties"]

    assert function["Handler"] == f"{module_of(name)}.handler"
    assert function["Role"] == {"Fn::GetAtt": [f"{name}FunctionRole", "Arn"]}
    assert callable(importlib.import_module(module_of(name)).handler)


def test_functions_and_state_machines_log_to_one_group_each(template: Document, resources: Document) -> None:
    """An execution is followed through its steps by one query, and all logs are kept equally long."""
    of_functions = template["Globals"]["Function"]["LoggingConfig"]
    own = {name for name, each in resources.items() if "LoggingConfig" in each.get("Properties", {})}
    of_machines = [resources[f"{machine}StateMachine"]["Properties"]["Logging"]["Destinations"] for machine in MACHINES]

    groups = {name: each["Properties"] for name, each in resources.items() if each["Type"] == "AWS::Logs::LogGroup"}

    assert (of_functions, own) == ({"LogGroup": {"Ref": "FunctionLogGroup"}}, set())
    assert of_machines == [
        [{"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": ["StateMachineLogGroup", "Arn"]}}}] for _ in MACHINES
    ]
    assert {name: each["LogGroupName"]["Fn::Sub"] for name, each in groups.items()} == {
        "FunctionLogGroup": "/aws/lambda/${AWS::StackName}",
        "StateMachineLogGroup": "/aws/vendedlogs/states/${AWS::StackName}",
    }
    assert all(each["RetentionInDays"] == {"Ref": "LogRetentionInDays"} for each in groups.values())


@pytest.mark.parametrize("machine", MACHINES)
def test_functions_stand_in_the_order_of_their_states(resources: Document, machine: str) -> None:
    """The template is read along with the state machine."""
    states = dict.fromkeys(function_of(task) for task in tasks_of(read_definition(machine)).values())

    functions = [name.removesuffix("Function") for name in resources if name.removesuffix("Function") in states]

    assert functions == list(states)


@pytest.mark.parametrize("machine", MACHINES)
def test_state_machine_names_a_version_of_each_of_its_functions(resources: Document, machine: str) -> None:
    properties = resources[f"{machine}StateMachine"]["Properties"]

    substituted = {key: value for key, value in properties["DefinitionSubstitutions"].items() if key != "Partition"}

    assert substituted == {f"{name}FunctionArn": {"Ref": f"{name}Function.Version"} for name in STEPS[machine]}
    assert properties["DefinitionUri"] == f"statemachine/{MACHINES[machine]}.asl.json"
    assert properties["Role"] == {"Fn::GetAtt": [f"{machine}StateMachineRole", "Arn"]}


def test_every_function_is_a_step_or_invoked_by_a_rule(resources: Document) -> None:
    """There is no function or module beside those."""
    used = set().union(*STEPS.values(), EVENT_FUNCTIONS)

    assert functions_of(resources) == used
    assert {path.stem for path in FUNCTIONS.glob("*.py")} == {module_of(name) for name in used}


@pytest.mark.parametrize(
    ("rule", "function"),
    [("Wake", "WakeExecution"), ("Supersede", "WakeExecution"), ("ExecutionFailed", "AnnounceFailure")],
)
def test_rule_may_invoke_its_function(resources: Document, rule: str, function: str) -> None:
    target = resources[f"{rule}Rule"]["Properties"]["Targets"][0]
    permission = resources[f"{rule}RulePermission"]["Properties"]

    assert target["Arn"] == {"Fn::GetAtt": [f"{function}Function", "Arn"]}
    assert permission["FunctionName"] == {"Ref": f"{function}Function"}
    assert permission["SourceArn"] == {"Fn::GetAtt": [f"{rule}Rule", "Arn"]}
    assert permission["Principal"] == "events.amazonaws.com"


@pytest.mark.parametrize(
    ("rule", "types"),
    [("Supersede", [APPROVAL_REQUESTED]), ("Notification", [DEPLOYMENT_ENDED, APPROVAL_REQUESTED])],
)
def test_rule_matches_the_names_of_the_deployers_events(resources: Document, rule: str, types: list[str]) -> None:
    properties = resources[f"{rule}Rule"]["Properties"]

    assert properties["EventBusName"] == {"Ref": "EventBusName"}
    pattern = properties["EventPattern"]
    assert (pattern["source"], pattern["detail-type"]) == ([SOURCE], types)


TREES = {"deployer": FUNCTIONS / "deployer", **{name: ROOT / name for name in ("endpoint_deployer", "local")}}
"""The folder of each tree of packages."""


def layers_of(base: str) -> list[set[str]]:
    """Read the layers of a tree from its table in docs/architecture.md, the lowest first."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    _, _, after = text.partition(f"| `{TREES[base].relative_to(ROOT)}/` | what is there |")
    rows = [line.split("|")[1] for line in after.partition("\n\n")[0].splitlines() if line.startswith("| `")]
    return [set(re.findall(r"`(\w+)`", row)) for row in reversed(rows)]


def imports(path: Path, base: str, folder: Path) -> Iterator[str]:
    """Yield the modules of a tree that a module imports, also those that only type checkers see."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            first, *inner = node.module.split(".")
            if first == base:
                for alias in node.names:
                    is_module = folder.joinpath(*inner, f"{alias.name}.py").exists()
                    yield ".".join([*inner, alias.name] if is_module else inner)


def graph_of(base: str) -> dict[str, set[str]]:
    """Return what each module of a tree imports of it."""
    folder = TREES[base]
    graph = {}
    for path in sorted(folder.rglob("*.py")):
        name = ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix("__init__").rstrip(".")
        if name and "sample" not in path.parts:
            graph[name] = set(imports(path, base, folder)) - {name}
    return graph


@pytest.mark.parametrize("base", TREES)
def test_every_module_has_a_place_in_the_table_of_layers(base: str) -> None:
    units = {path.stem for path in TREES[base].iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}

    assert sorted(unit for layer in layers_of(base) for unit in layer) == sorted(units - {"__init__"})


@pytest.mark.parametrize("base", TREES)
def test_packages_import_only_lower_packages(base: str) -> None:
    layers = layers_of(base)
    below: dict[str, set[str]] = {}
    for index, layer in enumerate(layers):
        for unit in layer:
            below[unit] = {unit}.union(*layers[:index])

    wrong = {
        f"{module} -> {imported}"
        for module, found in graph_of(base).items()
        for imported in found
        if imported.partition(".")[0] not in below[module.partition(".")[0]]
    }

    assert wrong == set()


@pytest.mark.parametrize("base", TREES)
def test_no_import_cycles(base: str) -> None:
    TopologicalSorter(graph_of(base)).prepare()


def test_command_line_imports_nothing_of_functions_and_local() -> None:
    """It is installed without them."""
    for path in (ROOT / "endpoint_deployer").rglob("*.py"):
        found = {*imports(path, "deployer", FUNCTIONS / "deployer"), *imports(path, "local", ROOT / "local")}
        assert found == set(), path


def test_the_package_imports_no_handler() -> None:
    handlers = {path.stem for path in FUNCTIONS.glob("*.py")}
    for path in (FUNCTIONS / "deployer").rglob("*.py"):
        tree = ast.parse(path.read_text())
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

        assert not names & handlers
