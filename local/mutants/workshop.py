"""Tries mutants: each in a copy of the repository, with the tests that reach it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from local.environment import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from local.mutants.operators import Mutant

_SECONDS = 240.0
_COPIED = ("functions", "tests", "local", "statemachine", "docs", "endpoint_deployer")

Verdict = Literal["killed", "survived", "not reached"]

_VERDICTS: dict[int, Verdict] = {0: "survived", 1: "killed", 2: "killed"}
"""What pytest's exit status means: all passed, one failed, or a test module cannot even be imported."""


@dataclass(frozen=True)
class Workshop:
    """A copy of the repository in which mutants are tried.

    Attributes:
        folder: Where it is.
    """

    folder: Path

    def prepare(self) -> None:
        """Make the copy anew."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        for name in _COPIED:
            ignored = shutil.ignore_patterns("__pycache__")
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, self.folder / name, ignore=ignored)
        for path in ROOT.iterdir():
            if path.is_file():
                shutil.copy(path, self.folder / path.name)

    def try_out(self, mutant: Mutant, tests: list[str]) -> Verdict:
        """Return whether tests notice a mutant; one that does not end in time is noticed.

        Raises:
            RuntimeError: pytest did not run the tests.
        """
        if not tests:
            return "not reached"
        path = self.folder / "functions" / mutant.module
        original = path.read_text()
        path.write_text(mutant.source)
        options = ["-x", "-q", "-n0", "-p", "no:cacheprovider", "--no-header", "--tb=no", "-W", "ignore"]
        try:
            code = subprocess.run(
                [sys.executable, "-B", "-m", "pytest", *options, *tests],
                cwd=self.folder,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            return "killed"
        finally:
            path.write_text(original)
        if code not in _VERDICTS:
            raise RuntimeError(f"pytest ended with status {code}, and so has not tried {mutant.module}: {tests}")
        return _VERDICTS[code]
