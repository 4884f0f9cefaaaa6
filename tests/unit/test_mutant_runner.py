"""How `make mutants` tries a mutant, and what it keeps of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.mutants.mutant_runner import NOT_REACHED, SURVIVED, TOO_LONG, BrokenControlError, MutantRunner
from local.mutants.operators import Mutant
from local.mutants.verdicts import Verdicts

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = "def is_full(count):\n    return count >= 3\n"
MUTANT = Mutant("m.py", 2, "count >= 3", "count > 3", lambda: SOURCE.replace(">=", ">"))
TESTS = """
from m import is_full


def test_much_is_full():
    assert is_full(4)


def test_three_are_full():
    assert is_full(3)


def test_none_are_full():
    assert is_full(0)
"""


@pytest.fixture
def runner(tmp_path: Path) -> MutantRunner:
    """A copy with one module and three tests, one of which fails whatever the module does."""
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "m.py").write_text(SOURCE)
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\npythonpath = ['functions']\n")
    (tmp_path / "test_m.py").write_text(TESTS)
    return MutantRunner(tmp_path)


@pytest.mark.parametrize(
    ("batches", "verdict"),
    [
        ([], NOT_REACHED),
        ([["test_m.py::test_much_is_full"], []], SURVIVED),
        ([["test_m.py::test_much_is_full"], ["test_m.py::test_three_are_full"]], "test_m.py::test_three_are_full"),
    ],
    ids=["not reached", "survived", "noticed by the second batch"],
)
def test_first_test_that_fails_notices_a_mutant(runner: MutantRunner, batches: list[list[str]], verdict: str) -> None:
    """Afterwards the module is as it was."""
    assert runner.try_out(MUTANT, batches) == verdict
    assert (runner.folder / "functions" / "m.py").read_text() == SOURCE


def test_tests_that_failed_on_a_mutant_pass_on_the_original(runner: MutantRunner) -> None:
    runner.check(["test_m.py::test_three_are_full", "test_m.py::test_much_is_full", TOO_LONG])

    with pytest.raises(BrokenControlError, match="test_none_are_full fails without any mutant too"):
        runner.check(["test_m.py::test_much_is_full", "test_m.py::test_none_are_full"])


def test_tests_that_do_not_run_give_no_verdict(runner: MutantRunner) -> None:
    with pytest.raises(RuntimeError, match="pytest ended with status 4"):
        runner.try_out(MUTANT, [["test_m.py::test_of_another_day"]])


def test_resumed_mutation_run_keeps_earlier_verdicts(tmp_path: Path) -> None:
    """Survivors are tried again; all mutants are, if the module has changed or the run is not resumed."""
    path = tmp_path / "verdicts.json"
    other = Mutant("m.py", 1, "a", "b", lambda: "c")
    before = Verdicts(path, is_resumed=True)
    before.keep(MUTANT, "test_m.py::test_three_are_full")
    before.keep(other, SURVIVED)

    after = Verdicts(path, is_resumed=True)

    assert after.of(MUTANT) == "test_m.py::test_three_are_full"
    assert after.all() == ["test_m.py::test_three_are_full"]
    assert after.of(other) is None
    assert after.of(Mutant("m.py", 2, "count >= 3", "count > 3", lambda: "changed")) is None
    assert Verdicts(path, is_resumed=False).of(MUTANT) is None
