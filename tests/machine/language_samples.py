"""Small definitions that both interpreters run."""

from __future__ import annotations

from typing import Any

from deployer.json_document import Document
from tests.machine.bench import DONE, task

CAUGHT: Document = {"Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.Failure", "Next": "Done"}]}


def passing(**more: Any) -> Document:
    """Build a Pass state that ends the execution."""
    return {"A": {"Type": "Pass", "End": True, **more}}


def calling(**more: Any) -> Document:
    """Build a Task state that catches all errors that can be caught."""
    return {"A": task(**CAUGHT, **more), **DONE}
