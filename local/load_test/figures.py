"""What a load took, and what it would cost: as figures, and as the table in docs/benchmarks.md."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

from local.settings import ROOT
from local.simulator.errors import throttled as throttling

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from local.load_test.uploads import Load, Run

DOCUMENT = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- what `make load` writes -->\n", "<!-- until here -->"

# List prices of US East (N. Virginia): see DOCUMENT.
TRANSITION_DOLLARS = 25 / 1_000_000
INVOCATION_DOLLARS = 0.20 / 1_000_000
GIGABYTE_SECOND_DOLLARS = 0.0000133334
FUNCTION_GIGABYTES = 512 / 1024


@dataclass(frozen=True, slots=True)
class Figures:
    """What a load took.

    Attributes:
        load: What was asked.
        runs: What each upload led to.
        answers: How many calls of SageMaker ended in each way: without an error, or with the code of one.
        calls_per_second: How many calls SageMaker took each second; None for any number.
        speed: How many times faster than the wall clock SageMaker's went; None if time was virtual.
        seconds: From the first upload to the end of the last execution, on SageMaker's clock.
        wall_seconds: The same on the wall clock.
        milliseconds: How long an invocation of a function took on the average, on local AWS.
        broken: The promises that were not kept.
    """

    load: Load
    runs: Sequence[Run]
    answers: Counter[str]
    calls_per_second: float | None
    speed: float | None
    seconds: float
    wall_seconds: float
    milliseconds: float
    broken: Sequence[str]

    @property
    def throttled(self) -> int:
        """How many calls SageMaker refused because they came too fast."""
        return self.answers[throttling().code]

    @property
    def calls(self) -> int:
        """How many calls it took."""
        return self.answers.total() - self.throttled

    @property
    def outcomes(self) -> Counter[str]:
        """How many executions ended in each outcome."""
        return Counter(run.outcome["Outcome"] if run.outcome else "nothing announced" for run in self.runs)

    @property
    def retries(self) -> Counter[str]:
        """How often a step was tried again, by the error."""
        return Counter(error for run in self.runs for error in _retried(run.events))

    @property
    def transitions(self) -> int:
        """State transitions, as Step Functions charges for them: each state that is entered, and each retry."""
        entered = sum("stateEnteredEventDetails" in event for run in self.runs for event in run.events)
        return entered + self.retries.total()

    @property
    def invocations(self) -> int:
        """Invocations of functions."""
        return sum(event["type"] == "TaskScheduled" for run in self.runs for event in run.events)

    @property
    def dollars(self) -> float:
        """What AWS would charge for Step Functions and Lambda, without any free tier."""
        gigabyte_seconds = FUNCTION_GIGABYTES * self.invocations * self.milliseconds / 1000
        return (
            self.transitions * TRANSITION_DOLLARS
            + self.invocations * INVOCATION_DOLLARS
            + gigabyte_seconds * GIGABYTE_SECOND_DOLLARS
        )

    def rows(self) -> dict[str, str]:
        """Return what the table says, by the title of the row."""
        load = self.load
        lengths = [run.outcome["DurationSeconds"] * (self.speed or 1) for run in self.runs if run.outcome]
        return {
            "uploads": f"{load.uploads} for {load.endpoints} endpoints, within {load.seconds:g} s",
            "SageMaker takes": f"{self.calls_per_second:g} calls a second" if self.calls_per_second else "any calls",
            "SageMaker's clock": f"{self.speed:g} times as fast as the wall's" if self.speed else "virtual",
            "all had ended after": f"{self.seconds:.0f} s, in {self.wall_seconds:.0f} s on the wall clock",
            "an execution took": f"{median(lengths):.0f} s in the middle, {max(lengths):.0f} s at most",
            "outcomes": _counts(self.outcomes),
            "promises broken": str(len(self.broken)),
            "calls of SageMaker": f"{self.calls}, {self.calls / load.uploads:.0f} for each upload",
            "calls that it throttled": str(self.throttled),
            "retries": _counts(self.retries),
            "state transitions": f"{self.transitions}, {self.transitions / load.uploads:.0f} for each upload",
            "invocations": f"{self.invocations}, {self.invocations / load.uploads:.0f} for each upload",
            "price of an upload": f"${self.dollars / load.uploads:.4f}",
        }


def table(in_virtual_time: Figures, on_aws: Figures) -> str:
    """Return both in Markdown, side by side."""
    other = on_aws.rows()
    lines = [f"| {title} | {value} | {other[title]} |" for title, value in in_virtual_time.rows().items()]
    return "\n".join(["| | in virtual time | on local AWS |", "|---|---|---|", *lines])


def write(text: str) -> None:
    """Put a table into its place in docs/benchmarks.md."""
    before, begin, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{begin}\n{text}\n\n{end}{after}", encoding="utf-8")


def _retried(events: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the error of each attempt that was followed by another one of the same task."""
    attempts = [event for event in events if event["type"] in {"TaskScheduled", "TaskFailed", "TaskStateExited"}]
    for failed, following in pairwise(attempts):
        if failed["type"] == "TaskFailed" and following["type"] == "TaskScheduled":
            yield failed["taskFailedEventDetails"]["error"]


def _counts(counted: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counted.most_common()) or "none"
