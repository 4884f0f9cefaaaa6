"""The template, the state machine and the functions as they are shipped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import deployer.runtime  # noqa: F401 - the X-Ray SDK opens a socket on import, and no test may

ROOT = Path(__file__).parents[2]


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


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """template.yaml, short forms spelled out."""
    document: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), Loader=_TemplateLoader)  # noqa: S506 - a SafeLoader
    return document


@pytest.fixture(scope="session")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    """The template's resources by logical id."""
    found: dict[str, Any] = template["Resources"]
    return found


@pytest.fixture(scope="session")
def definition() -> dict[str, Any]:
    """The state machine's definition."""
    document: dict[str, Any] = json.loads((ROOT / "statemachine" / "deploy_endpoint.asl.json").read_text())
    return document


@pytest.fixture(scope="session")
def tasks(definition: dict[str, Any]) -> dict[str, Any]:
    """The Task states by name."""
    return {name: state for name, state in definition["States"].items() if state["Type"] == "Task"}
