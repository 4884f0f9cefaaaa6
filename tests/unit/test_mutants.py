"""The mistakes of `make mutants`: what is changed, and what is not."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from local.mutants.operators import mutants_of
from local.mutants.reach import Reach, importing

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        ("x = a < b", ["a < b -> a <= b"]),
        ("x = a in b", ["a in b -> a not in b"]),
        ("x = a and b", ["a and b -> a or b"]),
        ("x = not a", ["not a -> a"]),
        ("x = a + b", ["a + b -> a - b"]),
        ("x = True", ["x = True -> x = False"]),
        ("x = 3", ["x = 3 -> x = 4"]),
        ("x = 30", ["x = 30 -> x = 60"]),
        ("x = f(frozen=True)", []),
        ("x = b if a else c", ["b if a else c -> b if not a else c"]),
        ("def f():\n    return g", ["return g -> return None"]),
        ("log(x)", ["log(x) -> nothing"]),
        ("raise LookupError", ["raise LookupError -> nothing"]),
        ("if a:\n    b", ["if a: b -> if not a: b"]),
        ("x = 'text'", []),
        ("x = f'{a}' + b", []),
        ("x: Literal[3] = a", []),
        ("logger.info('text', extra={'a': 3})", []),
        ("if TYPE_CHECKING:\n    x = 3", []),
    ],
)
def test_each_place_is_changed_once(source: str, changes: list[str]) -> None:
    """Texts, annotations and what only type checkers read stay."""
    found = [mutant.key.removeprefix("m.py: ") for mutant in mutants_of("m.py", source)]

    assert found == changes


def test_mutant_is_the_module_with_one_mistake() -> None:
    """All other places are as they were."""
    sources = [mutant.source for mutant in mutants_of("m.py", "x = a == b\ny = c == d")]

    assert sources == ["x = a != b\ny = c == d", "x = a == b\ny = c != d"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Data of coverage for one module and three tests."""
    path = tmp_path / "coverage"
    with sqlite3.connect(path) as database:
        database.executescript(
            "CREATE TABLE file (id, path); CREATE TABLE context (id, context);"
            "CREATE TABLE arc (file_id, context_id, fromno, tono);"
            "INSERT INTO file VALUES (1, '/repository/functions/deployer/x.py');"
            "INSERT INTO context VALUES (0, ''), (1, 'tests/machine/test_a.py::test_one');"
            "INSERT INTO context VALUES (2, 'tests/unit/test_b.py::test_two');"
            "INSERT INTO arc VALUES (1, 0, 1, 2), (1, 1, 5, 6), (1, 2, 6, 7);"
        )
    return path


@pytest.mark.parametrize(
    ("line", "tests"),
    [
        (5, ["tests/machine/test_a.py::test_one"]),
        (6, ["tests/unit/test_b.py::test_two", "tests/machine/test_a.py::test_one"]),
        (2, ["tests/unit/test_b.py::test_two", "tests/machine/test_a.py::test_one"]),
    ],
    ids=["one", "both", "when it is imported"],
)
def test_tests_that_reach_a_line_are_found(data: Path, line: int, tests: list[str]) -> None:
    """Those of the unit come first."""
    assert Reach(data).tests_of("deployer/x.py", line) == (tests, [])


def test_module_that_only_holds_values_is_tried_with_the_tests_that_import_it() -> None:
    """Coverage knows no test of what happens at the first import."""
    assert "tests/unit/test_tags.py" in importing("deployer/tags.py")
