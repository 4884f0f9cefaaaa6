"""A module has one subject and at most 250 lines, a function at most 40."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.template.shipped import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINES_OF_A_MODULE, LINES_OF_A_FUNCTION = 250, 40
FOLDERS = ("functions", "endpoint_deployer", "local", "tests")


def modules() -> list[Path]:
    """Return the modules that have to be short."""
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the functions and methods of a module with their lines, the docstring included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or 0) - node.lineno + 1


def test_there_are_modules_to_measure() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in modules()} == set(FOLDERS)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_module_and_its_functions_are_short(path: Path) -> None:
    """A longer module is split by what its parts are about."""
    assert len(path.read_text().splitlines()) <= LINES_OF_A_MODULE
    assert [(name, lines) for name, lines in functions(path) if lines > LINES_OF_A_FUNCTION] == []
