"""Which tests reach which line, as a run of the tests under coverage has recorded it."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from local.environment import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTIONS = ROOT / "functions"
ANY = 0
"""In the place of a line: whatever of the module a test reaches."""

_FIRST_UNIT, _FIRST_OTHER, _MOST_OTHER = 80, 15, 30
"""Tests that a mutant is tried with first, those of the unit before all others, as they are quick and near; and of the
others, which are slow, at most, if these have not noticed it."""


class Reach:
    """The tests of each line.

    Args:
        data: What coverage has written, with a context for each test.
    """

    def __init__(self, data: Path) -> None:
        self._tests: dict[tuple[str, int], set[str]] = defaultdict(set)
        with sqlite3.connect(data) as database:
            rows = database.execute(
                "SELECT file.path, arc.fromno, arc.tono, context.context FROM arc "
                "JOIN file ON file.id = arc.file_id JOIN context ON context.id = arc.context_id"
            )
            for path, start, end, test in rows:
                _, found, module = path.partition("/functions/")
                for line in (start, end, ANY) if test and found else ():
                    self._tests[module, line].add(test)

    def tests_of(self, module: str, line: int, last: int | None = None) -> tuple[list[str], list[str]]:
        """Return tests that reach a line: the few that are worth a try first, and then the others.

        What a module does when it is imported is reached by all of its tests, or else by those that import it.

        Args:
            module: The module's path below `functions/`.
            line: The line.
            last: The last line of the statement, where the first may be only its beginning.
        """
        lines = range(line, (last or line) + 1)
        found = set[str]().union(*(self._tests.get((module, each), set()) for each in lines))
        tests = sorted(found or self._tests.get((module, ANY), set()))
        near, own = importing(module), _own_tests(module)
        if not tests:
            return near, []
        unit = sorted((test for test in tests if test.startswith("tests/unit/")), key=_is_far(near))
        others = [test for test in tests if test not in set(unit)]
        first = [*own, *_some([test for test in unit if _file_of(test) not in own], _FIRST_UNIT)]
        first += _some(others, _FIRST_OTHER)
        return first, [test for test in [*unit, *_some(others, _MOST_OTHER)] if not {test, _file_of(test)} & set(first)]


def _is_far(near: list[str]) -> Callable[[str], bool]:
    return lambda test: _file_of(test) not in near


def _file_of(test: str) -> str:
    return test.partition("::")[0]


def _own_tests(module: str) -> list[str]:
    """Return the files of unit tests that are named like a module."""
    found = (ROOT / "tests" / "unit").glob(f"test_{Path(module).stem}*.py")
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def importing(module: str) -> list[str]:
    """Return the files of unit tests that import a module, given by its path below `functions/`."""
    name = module.removesuffix(".py").replace("/", ".")
    files = sorted((ROOT / "tests" / "unit").rglob("test_*.py"))
    return [path.relative_to(ROOT).as_posix() for path in files if f"from {name} import" in path.read_text()]


def _some(tests: list[str], most: int) -> list[str]:
    """Return at most so many of the tests, of as many files as there are."""
    step = max(1, -(-len(tests) // most))
    return tests[::step]
