"""All figures of one run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.bench.cold_starts import function_of, missed_targets
from local.bench.prices import dollars

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from local.bench.cold_starts import ColdStart
    from local.bench.paths import Path

MOST_DOLLARS = {"create, 10 minutes": 0.0010, "gradual update, 8 hours": 0.003}
"""The most that a path may cost in Step Functions and Lambda together."""


@dataclass(frozen=True)
class Figures:
    """The measured figures.

    Attributes:
        cold_starts: Of the bare handler, and of each function.
        paths: What each path took.
        lags: What a creation took, by replica lag in seconds.
        without_events: What a creation took whose events were lost.
    """

    cold_starts: Sequence[ColdStart]
    paths: Sequence[Path]
    lags: Mapping[int, Path]
    without_events: Path

    @property
    def seconds_of_cold_starts(self) -> dict[str, float]:
        """The seconds of a cold start by function, as the package is shipped."""
        return {function_of(each.name): each.compiled for each in self.cold_starts[1:]}

    def missed_targets(self) -> list[str]:
        """Return what took longer, or costs more, than it may."""
        missed = missed_targets(self.cold_starts)
        for path in self.paths:
            price = dollars(path, self.seconds_of_cold_starts)
            if price > MOST_DOLLARS.get(path.name, price):
                missed.append(f"{path.name}: ${price:.5f}, and at most ${MOST_DOLLARS[path.name]:.5f} is the target")
        missed += [
            f"a replica lag of {lag} s: {path.outcome}" for lag, path in self.lags.items() if path.outcome != "Deployed"
        ]
        return missed
