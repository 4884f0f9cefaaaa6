"""Shows an execution as it happens: on a terminal in colour and with a line that changes, elsewhere in plain lines."""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import dropwhile, pairwise, zip_longest

from rich.markup import escape

from endpoint_deployer.aws.history import SCHEDULED, Moment
from endpoint_deployer.json_document import Document
from endpoint_deployer.view.progress import Progress, Stopwatch
from endpoint_deployer.view.summaries import RESTING_STATUSES, new_fleet_share, summarize_endpoint, summarize_state

_ANNOUNCEMENTS = frozenset({"AnnounceOutcome", "AnnounceRejection"})  # the event itself is shown
_WATCHED_STATES = frozenset({"DescribeEndpoint", "RestoreEndpoint"})
_CAUSE_LENGTH = 100
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass
class Observations:
    """The progress of an execution.

    Attributes:
        retries: How often each error was retried, by the error's name.
        failures: How often each error was not retried, by the error's name.
        shares: The share of the traffic that the new fleet had, at each look at the endpoint.
        end: The state that it ended in.
        seconds: How long it took.
    """

    retries: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    shares: list[float] = field(default_factory=list)
    end: str = ""
    seconds: float = 0.0


class ProgressView:
    """Makes lines of an execution's events: one for each summary, and one for the states without any in between.

    Events come from one thread, and looks at the endpoint may come from another one.

    Args:
        progress: Prints the lines.
        folds: Whether the summaries of a state become one line when the state is left. Until then the newest one stands
            beside the stopwatch.

    Attributes:
        observations: What the execution has shown so far.
    """

    def __init__(self, progress: Progress, *, folds: bool) -> None:
        self.observations = Observations()
        self._stopwatch = Stopwatch("")
        self._progress = progress
        self._folds = folds
        self._lock = threading.Lock()
        self._started = self._now = _NEVER
        self._failure: Moment | None = None
        self._state = ""
        self._shown_state = ""
        self._summaries: list[str] = []
        self._newest_summaries: dict[str, str] = {}
        self._quiet_states: list[str] = []
        self._retries: list[Moment] = []

    def follow(self, moments: Iterable[Moment]) -> Observations:
        """Show an execution up to its last state."""
        with self._progress.console.status(self._stopwatch):
            for moment in moments:
                self.on_event(moment)
        return self.observations

    def on_event(self, moment: Moment) -> None:
        """Take an event of the execution's history, and show what there is to show by now."""
        with self._lock:
            self._now = moment.at
            if moment.kind == "ExecutionStarted":
                self._started = moment.at
            self.observations.seconds = self._seconds(moment)
            if moment.kind in {"TaskStateEntered", "SucceedStateEntered", "FailStateEntered"}:
                self._enter(moment)
            elif moment.error and moment.state:
                self._failure = moment
            elif self._failure and moment.kind in SCHEDULED:
                self._retry(self._failure)
            elif self._failure and moment.kind == "TaskStateExited":
                self._fail(self._failure)
            elif moment.kind == "TaskStateExited":
                self._leave(moment)

    def on_endpoint(self, endpoint: Document) -> None:
        """Take a description of the endpoint, which is shown while the execution waits for a change of it.

        Replicas lag: a description that was shown already is older than the newest one. That the endpoint rests again,
        the execution's own data say.
        """
        with self._lock:
            if self._state not in _WATCHED_STATES or endpoint["EndpointStatus"] in RESTING_STATUSES:
                return
            self.observations.shares.append(new_fleet_share(endpoint))
            summary = summarize_endpoint(endpoint)
            if summary not in self._summaries:
                self._summarize(self._state, summary, self._seconds_now())

    def _enter(self, moment: Moment) -> None:
        self._show_retries()
        if moment.state != self._state:
            if self._folds and self._summaries:
                self._show(self._seconds(moment), self._state, _trail(self._summaries))
            self._state, self._summaries = moment.state, []
            self._stopwatch.activity = moment.state
        if moment.kind != "TaskStateEntered":
            self._show_quiet_states(self._seconds(moment))
            self.observations.end = moment.state

    def _leave(self, moment: Moment) -> None:
        self._show_retries()
        summary = summarize_state(moment.state, moment.data)
        if self._quiet_states[-1:] == [moment.state]:
            self._quiet_states.pop()
        if summary and summary != self._newest_summaries.get(moment.state):
            self._newest_summaries[moment.state] = summary  # a wait plans again and again
            self._summarize(moment.state, summary, self._seconds(moment))
        elif not summary and moment.state != self._shown_state and moment.state not in _ANNOUNCEMENTS:
            self._quiet_states.append(moment.state)

    def _summarize(self, state: str, summary: str, seconds: float) -> None:
        self._show_retries()
        self._show_quiet_states(seconds)
        self._summaries.append(summary)
        self._stopwatch.activity = f"{state}: {summary}"
        if not self._folds:
            self._show(seconds, state, summary)

    def _retry(self, failure: Moment) -> None:
        self.observations.retries[failure.error] += 1
        self._show_quiet_states(self._seconds(failure))
        if self._retries and self._retries[-1].error != failure.error:
            self._show_retries()
        self._retries.append(failure)
        self._stopwatch.activity = f"{failure.state}: {failure.error}"
        self._failure = None

    def _fail(self, failure: Moment) -> None:
        """Show a failed step; a wait for an event that did not come in time is none."""
        self._show_retries()
        if failure.kind != "TaskTimedOut":
            self.observations.failures[failure.error] += 1
            self._show(self._seconds(failure), failure.state, f"[red]✗ {_words(failure)}")
        self._failure = None

    def _show_retries(self) -> None:
        """Show the retries of a step for the same error, in one line with an arrow for each."""
        if self._retries:
            last = self._retries[-1]
            self._show(self._seconds(last), last.state, f"[yellow]{'↻' * len(self._retries)} {_words(last)}")
        self._retries = []

    def _show_quiet_states(self, seconds: float) -> None:
        """Show which steps have succeeded without a summary."""
        if self._quiet_states:
            self._progress.show_state(seconds, f"[dim]{' · '.join(self._quiet_states)}[/]")
        self._quiet_states = []

    def _show(self, seconds: float, state: str, text: str) -> None:
        self._show_quiet_states(seconds)
        self._progress.show_state(seconds, state, text)
        self._shown_state = state

    def _seconds(self, moment: Moment) -> float:
        return (moment.at - self._started).total_seconds()

    def _seconds_now(self) -> float:
        return max((datetime.now(UTC) - self._started).total_seconds(), (self._now - self._started).total_seconds())


def _trail(summaries: list[str]) -> str:
    """Put summaries into one line, each without the words that it begins with like the one before."""
    return " → ".join([*summaries[:1], *(_difference(before, after) for before, after in pairwise(summaries))])


def _difference(before: str, after: str) -> str:
    words = zip_longest(after.split(), before.split(), fillvalue="")
    return " ".join(word for word, _ in dropwhile(lambda pair: pair[0] == pair[1], words)).rstrip()


def _words(failure: Moment) -> str:
    line = failure.cause.partition("\n")[0]
    brief = line if len(line) <= _CAUSE_LENGTH else f"{line[: _CAUSE_LENGTH - 1]}…"
    return f"{failure.error}[/] [dim]{escape(brief)}[/]"
