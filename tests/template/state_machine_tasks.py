"""The Task states of both state machines, and how long each error has to be waited for."""

from __future__ import annotations

import pytest

from deployer import errors
from deployer.json_document import Document
from tests.template.shipped import (
    MACHINES,
    read_definition,
    tasks_of,
)

LEAST_SECONDS = {
    "ModelNotVisibleError": 600,
    "EndpointConfigNotVisibleError": 600,
    "EndpointNotVisibleError": 600,
    "RoleNotReadyError": 240,
    "PermissionNotReadyError": 300,
}
"""For how long a step has to be repeated at the least; the services publish no figures.

Terraform waits two minutes for roles; AWS's own SDK for SageMaker waits 300 s for tags to reach IAM.
"""


def leaves(group: type[Exception]) -> set[str]:
    """Name the leaves below a group of errors."""
    below = [error for error in group.__subclasses__() if error.__module__ == errors.__name__]
    return {group.__name__} if not below else set().union(*map(leaves, below))


def all_tasks() -> Document:
    """Return the Task states of both state machines by name."""
    return {name: task for machine in MACHINES for name, task in tasks_of(read_definition(machine)).items()}


every_task = pytest.mark.parametrize(("name", "task"), all_tasks().items(), ids=all_tasks())

every_machine = pytest.mark.parametrize("machine", MACHINES)
