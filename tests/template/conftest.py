"""The template, the state machine and the functions as they are shipped."""

from __future__ import annotations

import pytest

import deployer.runtime  # noqa: F401 - the X-Ray SDK opens a socket on import, and no test may
from deployer.json_document import Document
from tests.template.shipped import read_definition, read_template, tasks_of


@pytest.fixture(scope="session")
def template() -> Document:
    """template.yaml, short forms spelled out."""
    return read_template()


@pytest.fixture(scope="session")
def resources(template: Document) -> Document:
    """The template's resources by logical id."""
    found: Document = template["Resources"]
    return found


@pytest.fixture(scope="session")
def definition() -> Document:
    """The definition of the state machine that deploys."""
    return read_definition("DeployEndpoint")


@pytest.fixture(scope="session")
def tasks(definition: Document) -> Document:
    """Its Task states by name."""
    return tasks_of(definition)
