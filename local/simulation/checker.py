"""Checks a recording against the invariants."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.simulation.invariants import INVARIANTS

if TYPE_CHECKING:
    from local.simulation.recording import Recording


@dataclass(frozen=True)
class Violation:
    """An invariant that was violated, and how."""

    invariant: str
    problem: str


def check(recording: Recording) -> tuple[list[Violation], Counter[str]]:
    """Return the violations, and how many things each invariant has checked."""
    violations: list[Violation] = []
    checks: Counter[str] = Counter()
    for invariant in INVARIANTS:
        name = invariant.__name__
        checks[name] = 0
        for problem in invariant(recording):
            checks[name] += 1
            if problem:
                violations.append(Violation(name, problem))
    return violations, checks
