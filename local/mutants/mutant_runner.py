"""Tries mutants: each in a copy of the repository, with the tests that reach it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.environment import ROOT

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from local.mutants.operators import Mutant

_SECONDS = 600.0
_COPIED = ("functions", "tests", "local", "statemachine", "docs", "endpoint_deployer")
_OPTIONS = (
    "-x", "-q", "-n0", "-rfE", "-p", "no:cacheprovider", "--no-header", "--tb=no", "-W", "ignore", "--timeout=120"
)  # fmt: skip
_PASSED, _FAILED = 0, {1, 2, 4}
"""pytest's exit statuses: all passed; one failed, or a test module cannot even be imported, by whichever name."""
_NOTICED = re.compile(r"^(?:FAILED|ERROR) ([^\s\[]+)", re.MULTILINE)
_BATCH = 20

TOO_LONG = "time limit"
SURVIVED = "survived"
NOT_REACHED = "not reached"


class BrokenControlError(Exception):
    """A test that noticed a mutant also fails without it."""


@dataclass(frozen=True)
class MutantRunner:
    """A copy of the repository in which mutants are tried.

    Attributes:
        folder: Where it is.
    """

    folder: Path

    def prepare(self) -> None:
        """Make the copy again."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        for name in _COPIED:
            ignored = shutil.ignore_patterns("__pycache__")
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, self.folder / name, ignore=ignored)
        for path in ROOT.iterdir():
            if path.is_file():
                shutil.copy(path, self.folder / path.name)

    def try_out(self, mutant: Mutant, batches: Sequence[list[str]]) -> str:
        """Return the test that notices a mutant, or `survived`, or `not reached`.

        A mutant is noticed by the first test that fails, or by not ending in time, as it does without the mutant.

        Raises:
            BrokenControlError: The tests do not end in time without the mutant either.
            RuntimeError: pytest did not run the tests.
        """
        verdict = NOT_REACHED
        for tests in filter(None, batches):
            verdict = self._try_batch(mutant, tests)
            if verdict != SURVIVED:
                return verdict
        return verdict

    def _try_batch(self, mutant: Mutant, tests: list[str]) -> str:
        path = self.folder / "functions" / mutant.module
        original = path.read_text()
        path.write_text(mutant.source)
        try:
            noticed = self._run(tests)
        finally:
            path.write_text(original)
        if noticed == TOO_LONG and self._run(tests):
            raise BrokenControlError(f"The tests do not pass without the mutant either: {mutant.key}")
        return noticed or SURVIVED

    def check(self, noticed: Collection[str]) -> None:
        """Run the tests that have noticed mutants on the source as it is: they have to pass.

        Raises:
            BrokenControlError: One fails, so what it says of a mutant means nothing.
            RuntimeError: pytest did not run the tests.
        """
        tests = sorted(set(noticed) - {TOO_LONG})
        for start in range(0, len(tests), _BATCH):
            if failed := self._run(tests[start : start + _BATCH]):
                raise BrokenControlError(f"{failed} fails without any mutant too")

    def _run(self, tests: list[str]) -> str | None:
        """Run tests until one fails. Return its name, without its parameters; None if all pass."""
        try:
            done = subprocess.run(
                [sys.executable, "-B", "-m", "pytest", *_OPTIONS, *tests],
                cwd=self.folder,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return TOO_LONG
        failed = _NOTICED.search(done.stdout)
        if done.returncode == _PASSED and not failed:
            return None
        if done.returncode not in _FAILED or not failed:
            raise RuntimeError(f"pytest ended with status {done.returncode}, and has not tried {tests}: {done.stdout}")
        return failed[1]
