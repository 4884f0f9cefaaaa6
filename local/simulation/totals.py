"""The totals of a campaign: counts over scenarios, and the violated invariants."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from local.json_document import Document
from local.simulation.features import features_of
from local.simulation.runs import visits_of

if TYPE_CHECKING:
    from pathlib import Path

    from local.simulation.recording import Recording

_COUNTERS = ("outcomes", "errors", "fired", "states", "checks", "features")


@dataclass(frozen=True)
class ViolatedInvariant:
    """An invariant that a scenario violated.

    Attributes:
        seed: The scenario's.
        invariant: The invariant's name.
        problems: How it was violated.
        smallest: The smallest scenario found that violates it, as text.
        timeline: What happens in that one.
        summary: That one in a few lines.
    """

    seed: int
    invariant: str
    problems: list[str]
    smallest: str = ""
    timeline: str = ""
    summary: list[str] = field(default_factory=list)


@dataclass
class Totals:
    """The totals of some scenarios.

    Attributes:
        code: Identifies the deployer that was tested.
        first: The first seed; None if there is none yet.
        following: The seed after the last one.
        executions: How many there were.
        seconds: How long it took, all processes together.
        outcomes: How often executions ended in each way.
        errors: How often each error was raised, by state and error.
        fired: How often each kind of fault fired, and how often each operator action was taken.
        states: How often each state was entered.
        checks: How many things each invariant has checked.
        features: How often each feature was drawn and took effect.
        violated: The invariants that were violated.
    """

    code: str
    first: int | None = None
    following: int = 0
    executions: int = 0
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    features: Counter[str] = field(default_factory=Counter)
    violated: list[ViolatedInvariant] = field(default_factory=list)

    def add(self, other: Totals) -> None:
        """Add the totals of further scenarios."""
        if other.first is not None:
            self.first = other.first if self.first is None else min(self.first, other.first)
        self.following = max(self.following, other.following)
        self.executions += other.executions
        self.seconds += other.seconds
        for name in _COUNTERS:
            getattr(self, name).update(getattr(other, name))
        self.violated += other.violated

    def count(self, recording: Recording) -> None:
        """Add what happened in one scenario."""
        self.executions += len(recording.runs)
        self.fired.update(recording.fired)
        self.features.update(features_of(recording))
        self.outcomes.update(run.end for run in recording.runs)
        executions = [run.execution for run in recording.runs] + [sweep.execution for sweep in recording.sweeps]
        for execution in executions:
            for visit in visits_of(execution):
                self.states[visit.state] += 1
                self.errors.update(f"{visit.state} {error}" for error in visit.failures)

    def save(self, path: Path) -> None:
        """Write them to a file, from which a campaign can be continued."""
        document = {**vars(self), "violated": [asdict(each) for each in self.violated]}
        path.write_text(json.dumps(document, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: Path, code: str) -> Totals:
        """Read them from a file if it is about the same code; otherwise return empty totals."""
        if not path.exists():
            return cls(code)
        document: Document = json.loads(path.read_text(encoding="utf-8"))
        if document["code"] != code:
            return cls(code)
        counters: Document = {name: Counter(document[name]) for name in _COUNTERS}
        return cls(**{**document, **counters, "violated": [ViolatedInvariant(**each) for each in document["violated"]]})
