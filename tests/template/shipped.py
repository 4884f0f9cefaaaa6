"""What is shipped, as the tests of this folder read it: state machines, functions and policies."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from deployer.json_document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator


ROOT = Path(__file__).parents[2]
FUNCTIONS = ROOT / "functions"

MACHINES = {"DeployEndpoint": "deploy_endpoint", "SweepUnused": "sweep_unused"}
"""The state machines by the names of their resources, each with the name of its file."""

SHARED = {"PlanAgain": "PlanDeployment", "AnnounceRejection": "AnnounceOutcome"}
"""The only states that are not named like their function, each with the state whose function it shares."""

EVENT_FUNCTIONS = {"WakeExecution", "AnnounceFailure"}
"""The functions that rules invoke; all others are steps of a state machine."""


class _TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short forms (`!Ref X`) as their long ones."""


def _long_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt":
        value = value.split(".")
    return {"Ref" if suffix == "Ref" else f"Fn::{suffix}": value}


_TemplateLoader.add_multi_constructor("!", _long_form)


def read_template() -> Document:
    """Read template.yaml, with short forms spelled out."""
    return read_template_text((ROOT / "template.yaml").read_text())


def read_template_text(text: str) -> Document:
    """Read a template, with short forms spelled out."""
    document: Document = yaml.load(text, Loader=_TemplateLoader)  # noqa: S506 - a SafeLoader
    return document


def read_definition(machine: str) -> Document:
    """Read the definition of a state machine."""
    document: Document = json.loads((ROOT / "statemachine" / f"{MACHINES[machine]}.asl.json").read_text())
    return document


def tasks_of(definition: Document) -> Document:
    """Return the Task states of a definition by name."""
    return {name: state for name, state in definition["States"].items() if state["Type"] == "Task"}


def targets(state: Document) -> set[str]:
    """Name the states that may follow a state."""
    entries = [state, *state.get("Choices", []), *state.get("Catch", [])]
    return {entry["Next"] for entry in entries if "Next" in entry} | (
        {state["Default"]} if "Default" in state else set()
    )


def reachable(states: Document, start: str) -> set[str]:
    """Name the states that may be entered from a state on."""
    reached: set[str] = set()
    ahead = {start}
    while ahead:
        reached |= ahead
        ahead = set().union(*(targets(states[name]) for name in ahead)) - reached
    return reached


def is_callback(task: Document) -> bool:
    """Return whether a task waits for its token after its function has answered."""
    return bool(task["Resource"].endswith(":lambda:invoke.waitForTaskToken"))


def function_of(task: Document) -> str:
    """Return the name of a task's function, by its placeholder."""
    placeholder = task["Parameters"]["FunctionName"] if is_callback(task) else task["Resource"]
    found = re.fullmatch(r"\$\{(\w+)FunctionArn\}", placeholder)
    assert found, placeholder
    return found[1]


def retried(task: Document) -> set[str]:
    """Name the errors that a task retries."""
    return {error for retrier in task["Retry"] for error in retrier["ErrorEquals"]}


def caught(task: Document) -> set[str]:
    """Name the errors that a task catches by name."""
    return {error for catcher in task["Catch"] for error in catcher["ErrorEquals"]} - {"States.ALL"}


def module_of(name: str) -> str:
    """Respell a state's name as its module's."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def functions_of(resources: Document) -> set[str]:
    """Name the template's functions, without the ending that their logical ids have."""
    ids = {name for name, resource in resources.items() if resource["Type"] == "AWS::Serverless::Function"}
    return {name.removesuffix("Function") for name in ids}


def statements_of(resources: Document, role: str) -> Iterator[Document]:
    """Yield the statements of a role's policies, its managed ones and conditional statements included."""
    properties = resources[role]["Properties"]
    for managed in properties.get("ManagedPolicyArns", []):
        yield from _plain(resources[managed["Ref"]]["Properties"]["PolicyDocument"]["Statement"])
    for policy in properties.get("Policies", []):
        yield from _plain(policy["PolicyDocument"]["Statement"])


def actions_of(statement: Document) -> list[str]:
    """List the actions of a statement."""
    action: str | list[str] = statement["Action"]
    return [action] if isinstance(action, str) else action


_OWN_LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}


def allowed_to(resources: Document, function: str) -> set[str]:
    """Name the actions that a function may do, beside writing its log and its traces."""
    allowed = {action for each in statements_of(resources, f"{function}FunctionRole") for action in actions_of(each)}
    return {action for action in allowed if not action.startswith("xray:")} - _OWN_LOG


def _plain(statements: list[Any]) -> Iterator[Document]:
    for statement in statements:
        if "Fn::If" in statement:
            _, *branches = statement["Fn::If"]
            yield from (branch for branch in branches if branch != {"Ref": "AWS::NoValue"})
        else:
            yield statement
