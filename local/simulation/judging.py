"""A recording is held against the promises."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.simulation.promises import PROMISES

if TYPE_CHECKING:
    from local.simulation.recording import Recording


@dataclass(frozen=True)
class Violation:
    """A promise that was broken, and how."""

    promise: str
    problem: str


def judge(recording: Recording) -> tuple[list[Violation], Counter[str]]:
    """Return the violations, and on how many things each promise was held."""
    violations: list[Violation] = []
    looks: Counter[str] = Counter()
    for promise in PROMISES:
        name = promise.__name__
        looks[name] = 0
        for problem in promise(recording):
            looks[name] += 1
            if problem:
                violations.append(Violation(name, problem))
    return violations, looks
