"""What came of the stories: of one, and of all together."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from local.simulation.recording import Recording


@dataclass(frozen=True)
class Broken:
    """A promise that a story broke.

    Attributes:
        seed: The story's.
        promise: The promise's name.
        problems: How it was broken.
        smallest: The smallest story found that breaks it, in readable text.
        timeline: What happens in that one.
        sequence: That one in few words.
    """

    seed: int
    promise: str
    problems: list[str]
    smallest: str = ""
    timeline: str = ""
    sequence: list[str] = field(default_factory=list)


@dataclass
class Totals:
    """What came of some stories.

    Attributes:
        code: Identifies the deployer that was tried.
        first: The first seed; None if there is none yet.
        following: The seed after the last one.
        executions: How many there were.
        seconds: How long it took, all processes together.
        outcomes: How often executions ended in each way.
        errors: How often each error was raised, by state and error.
        struck: How often each kind of fault struck.
        states: How often each state was entered.
        looks: On how many things each promise was held.
        broken: The promises that were broken.
    """

    code: str
    first: int | None = None
    following: int = 0
    executions: int = 0
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    looks: Counter[str] = field(default_factory=Counter)
    broken: list[Broken] = field(default_factory=list)

    def add(self, other: Totals) -> None:
        """Add what came of further stories."""
        if other.first is not None:
            self.first = other.first if self.first is None else min(self.first, other.first)
        self.following = max(self.following, other.following)
        self.executions += other.executions
        self.seconds += other.seconds
        for name in ("outcomes", "errors", "struck", "states", "looks"):
            getattr(self, name).update(getattr(other, name))
        self.broken += other.broken

    def count(self, recording: Recording) -> None:
        """Add what happened in one story."""
        self.executions += len(recording.runs)
        self.struck.update(recording.struck)
        for run in recording.runs:
            self.outcomes[run.end] += 1
            for visit in run.visits:
                self.states[visit.state] += 1
                self.errors.update(f"{visit.state} {error}" for error in visit.failures)

    def save(self, path: Path) -> None:
        """Write them to a file, to be continued."""
        known = {**vars(self), "broken": [asdict(each) for each in self.broken]}
        path.write_text(json.dumps(known, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: Path, code: str) -> Totals:
        """Read them from a file, if it is there and about the same deployer; else begin anew."""
        if not path.exists():
            return cls(code)
        known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if known["code"] != code:
            return cls(code)
        counters = {name: Counter(known[name]) for name in ("outcomes", "errors", "struck", "states", "looks")}
        return cls(**{**known, **counters, "broken": [Broken(**each) for each in known["broken"]]})
