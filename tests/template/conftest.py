"""The template, the state machine and the functions as they are shipped."""

from __future__ import annotations

from typing import Any

import pytest

import deployer.runtime  # noqa: F401 - the X-Ray SDK opens a socket on import, and no test may
from tests.template.shipped import read_definition, read_template, tasks_of


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """template.yaml, short forms spelled out."""
    return read_template()


@pytest.fixture(scope="session")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    """The template's resources by logical id."""
    found: dict[str, Any] = template["Resources"]
    return found


@pytest.fixture(scope="session")
def definition() -> dict[str, Any]:
    """The definition of the state machine that deploys."""
    return read_definition("DeployEndpoint")


@pytest.fixture(scope="session")
def tasks(definition: dict[str, Any]) -> dict[str, Any]:
    """Its Task states by name."""
    return tasks_of(definition)
