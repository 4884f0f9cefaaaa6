"""The figures of a load: its calls, times and price, and their table in docs/benchmarks.md."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from local.environment import ROOT
from local.json_document import Document
from local.simulator.errors import throttled as throttling
from local.states_language.history import FAILED, SCHEDULED, details_of
from local.written import replace_part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from local.load_test.floor import Floor
    from local.load_test.uploads import Load, Run

DOCUMENT = ROOT / "docs" / "benchmarks.md"

# List prices of US East (N. Virginia): see DOCUMENT.
TRANSITION_DOLLARS = 25 / 1_000_000
INVOCATION_DOLLARS = 0.20 / 1_000_000
GIGABYTE_SECOND_DOLLARS = 0.0000133334
FUNCTION_GIGABYTES = 512 / 1024

MOST_CALLS = 15
"""Calls of SageMaker that an upload may take on the average."""

MOST_OF_FLOOR = 1.3
"""How many times the floor's seconds a load may take."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a load.

    Attributes:
        load: The uploads.
        floor: The least that they take.
        runs: The run of each upload.
        answers: How many calls of SageMaker ended in each way, without an error or with the code of one, until the last
            execution had ended.
        sweep_calls: How many calls of SageMaker the sweep made afterwards.
        speed: How many times faster than the wall clock SageMaker's went; None if time was virtual.
        seconds: From the first upload to the end of the last execution, on SageMaker's clock.
        wall_seconds: The same on the wall clock.
        milliseconds: How long an invocation of a function took on the average, on local AWS.
        wake_ups: Invocations of functions that events of endpoints caused, outside of all executions.
        violations: The violated guarantees.
    """

    load: Load
    floor: Floor
    runs: Sequence[Run]
    answers: Counter[str]
    sweep_calls: int
    speed: float | None
    seconds: float
    wall_seconds: float
    milliseconds: float
    wake_ups: int
    violations: Sequence[str]

    @property
    def throttled(self) -> int:
        """How many calls SageMaker refused because they came too fast."""
        return self.answers[throttling().code]

    @property
    def calls(self) -> int:
        """How many calls SageMaker answered."""
        return self.answers.total() - self.throttled

    @property
    def times_floor(self) -> float:
        """How many times the floor's seconds it took."""
        return self.seconds / self.floor.seconds

    def missed_targets(self) -> Iterator[str]:
        """Yield the targets that the load missed; they hold where functions take no time."""
        if (calls := self.calls / self.load.uploads) > MOST_CALLS:
            yield f"an upload took {calls:.1f} calls of SageMaker; the target is {MOST_CALLS}"
        if self.times_floor > MOST_OF_FLOOR:
            yield f"the load took {self.times_floor:.2f} times its floor; the target is {MOST_OF_FLOOR}"

    @property
    def outcomes(self) -> Counter[str]:
        """How many executions ended in each outcome."""
        return Counter(run.outcome["Outcome"] if run.outcome else "nothing announced" for run in self.runs)

    @property
    def retries(self) -> Counter[str]:
        """How often a step was retried, by the error."""
        return Counter(error for run in self.runs for error in _retried(run.events))

    @property
    def transitions(self) -> int:
        """State transitions, as Step Functions charges for them: one for each state entered, and for each retry."""
        entered = sum("stateEnteredEventDetails" in event for run in self.runs for event in run.events)
        return entered + self.retries.total()

    @property
    def invocations(self) -> int:
        """Invocations of functions."""
        return self.wake_ups + sum(run.invocations for run in self.runs)

    @property
    def longest_history(self) -> int:
        """Events of the longest history; a Lambda task that succeeds at once has five."""
        return max(len(run.events) for run in self.runs)

    @property
    def dollars(self) -> float:
        """The charges of Step Functions and Lambda, without any free tier."""
        gigabyte_seconds = FUNCTION_GIGABYTES * self.invocations * self.milliseconds / 1000
        return (
            self.transitions * TRANSITION_DOLLARS
            + self.invocations * INVOCATION_DOLLARS
            + gigabyte_seconds * GIGABYTE_SECOND_DOLLARS
        )

    def rows(self) -> dict[str, str]:
        """Return the cells of the table, by the title of the row."""
        load, floor, limit = self.load, self.floor, self.floor.calls_per_second
        lengths = [run.outcome["DurationSeconds"] * (self.speed or 1) for run in self.runs if run.outcome]
        return {
            "uploads": f"{load.uploads} for {load.endpoints} endpoints, within {load.seconds:g} s",
            "SageMaker's limit": f"{limit:g} calls a second" if limit else "none",
            "SageMaker's clock": _clock(self.speed),
            "floor": f"{floor.seconds:.0f} s, {floor.calls} calls",
            "last execution ended after": f"{self.seconds:.0f} s, in {self.wall_seconds:.0f} s on the wall clock",
            "compared with the floor": f"{self.times_floor:.2f} times its seconds",
            "an execution took": f"{median(lengths):.0f} s (median), {max(lengths):.0f} s at most",
            "outcomes": _counts(self.outcomes),
            "violations": str(len(self.violations)),
            "calls of SageMaker": f"{self.calls}, {self._per_upload(self.calls)}",
            "throttled calls": str(self.throttled),
            "calls of the sweep": str(self.sweep_calls),
            "retries": _counts(self.retries),
            "state transitions": f"{self.transitions}, {self._per_upload(self.transitions)}",
            "longest history": f"{self.longest_history} events",
            "invocations": f"{self.invocations}, {self._per_upload(self.invocations)}",
            "price of an upload": f"${self.dollars / load.uploads:.4f}",
        }

    def _per_upload(self, count: int) -> str:
        return f"{count / self.load.uploads:.1f} for each upload"


def table(in_virtual_time: Figures, on_aws: Figures) -> str:
    """Return both columns as a table in Markdown."""
    other = on_aws.rows()
    lines = [f"| {title} | {value} | {other[title]} |" for title, value in in_virtual_time.rows().items()]
    return "\n".join(["| | in virtual time | on local AWS |", "|---|---|---|", *lines])


def write(text: str) -> None:
    """Put a table into its place in docs/benchmarks.md."""
    replace_part(DOCUMENT, "make load", text)


def _retried(events: Sequence[Document]) -> Iterator[str]:
    """Yield the error of each attempt that was followed by another one of the same task."""
    attempts = [event for event in events if event["type"] in SCHEDULED | FAILED | {"TaskStateExited"}]
    for failed, following in pairwise(attempts):
        if failed["type"] in FAILED and following["type"] in SCHEDULED:
            yield str(details_of(failed).get("error", ""))


def _counts(counted: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counted.most_common()) or "none"


def _clock(speed: float | None) -> str:
    if not speed:
        return "virtual"
    return "the wall clock" if speed == 1 else f"{speed:g} times as fast as the wall clock"
