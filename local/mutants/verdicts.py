"""The verdict on each mutant, kept in a file, so that a stopped run can be resumed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from local.mutants.mutant_runner import NOT_REACHED, SURVIVED

if TYPE_CHECKING:
    from pathlib import Path

    from local.mutants.operators import Mutant


class Verdicts:
    """The tests that have noticed mutants. Those that survived are not kept: a new test may notice them.

    Args:
        path: The file.
        is_resumed: Whether the file of an earlier run is read. A mutant of a module that has changed since is unknown.
    """

    def __init__(self, path: Path, *, is_resumed: bool) -> None:
        self._path = path
        self._noticed: dict[str, str] = json.loads(path.read_text()) if is_resumed and path.exists() else {}

    def of(self, mutant: Mutant) -> str | None:
        """Return the test that has noticed a mutant; None if none has."""
        return self._noticed.get(_key(mutant))

    def all(self) -> list[str]:
        """Return the tests that have noticed anything."""
        return [*self._noticed.values()]

    def keep(self, mutant: Mutant, verdict: str) -> None:
        """Write down which test has noticed a mutant."""
        if verdict not in {SURVIVED, NOT_REACHED}:
            self._noticed[_key(mutant)] = verdict
            self._path.write_text(json.dumps(self._noticed, indent=1))


def _key(mutant: Mutant) -> str:
    return f"{mutant.key} #{hashlib.sha256(mutant.source.encode()).hexdigest()[:12]}"
