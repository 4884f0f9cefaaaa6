"""Tells an execution as it happens: on a terminal in colour and with a line that changes, elsewhere in plain lines."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import dropwhile, pairwise, zip_longest
from time import monotonic

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from local.aws.execution import Moment
from local.demo.news import news_of, share_of

_ANNOUNCING = "AnnounceOutcome"  # what it tells the bus, the bus will tell
_STATE_WIDTH = 24
_CAUSE_LENGTH = 100
_NEVER = datetime.min.replace(tzinfo=UTC)


class Stopwatch:
    """What a terminal shows while something goes on: what it is, and for how long."""

    def __init__(self, doing: str) -> None:
        """Start at zero."""
        self.doing = doing
        self._begin = monotonic()

    @property
    def seconds(self) -> float:
        """How long it has been going on."""
        return monotonic() - self._begin

    def __rich__(self) -> Text:
        return Text(f"{self.doing} … {self.seconds:.1f} s")


@dataclass
class Seen:
    """What was to be seen in an execution.

    Attributes:
        retries: How often each error was retried, by the error's name.
        failures: How often each error was not, by the error's name.
        shares: The share of the traffic that the new fleet had, at each look at the endpoint.
        end: The state that it ended in.
        seconds: How long it took.
    """

    retries: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    shares: list[float] = field(default_factory=list)
    end: str = ""
    seconds: float = 0.0


class Story:
    """What the demo tells, line by line."""

    def __init__(self, console: Console) -> None:
        """Tell it on a console."""
        self._console = console

    def say(self, line: str) -> None:
        """Tell a line, which may have rich's markup."""
        self._console.print(line, soft_wrap=True)

    def step(self, seconds: float, state: str, text: str = "") -> None:
        """Tell what has happened in a state, so many seconds after its execution's start."""
        self.say(f"  [dim]{seconds:5.1f} s[/]  {state:<{_STATE_WIDTH}}{text}".rstrip())

    @contextmanager
    def chapter(self, doing: str) -> Iterator[list[str]]:
        """Tell that something is being done, and once it is, for how long; the list takes what there is to add."""
        stopwatch, remarks = Stopwatch(doing), list[str]()
        with self._console.status(stopwatch):
            yield remarks
        self.say(f"[green]✓[/] {' · '.join([doing, *remarks])} [dim]{stopwatch.seconds:.1f} s[/]")

    def follow(self, moments: Iterable[Moment]) -> Seen:
        """Tell an execution up to its last state."""
        telling = _Telling(self, folds=self._console.is_terminal)
        with self._console.status(telling.stopwatch):
            for moment in moments:
                telling.hear(moment)
        return telling.seen


class _Telling:
    """Makes lines of an execution's moments: one for each piece of news, and one for the states between two.

    Args:
        story: Who tells them.
        folds: Whether what a state finds out, each time that it is entered again, becomes one line when all is known.
            Until then the news stand beside the stopwatch.
    """

    def __init__(self, story: Story, *, folds: bool) -> None:
        self.seen = Seen()
        self.stopwatch = Stopwatch("")
        self._story = story
        self._folds = folds
        self._started = _NEVER
        self._failure: Moment | None = None
        self._state = ""
        self._told = ""
        self._news: list[str] = []
        self._quiet: list[str] = []
        self._retries: list[Moment] = []

    def hear(self, moment: Moment) -> None:
        """Take a moment in, and tell what there is to tell by now."""
        if moment.kind == "ExecutionStarted":
            self._started = moment.at
        self.seen.seconds = self._seconds(moment)
        if moment.kind in {"TaskStateEntered", "SucceedStateEntered", "FailStateEntered"}:
            self._enter(moment)
        elif moment.error and moment.state:
            self._failure = moment
        elif self._failure and moment.kind == "TaskScheduled":
            self._retry(self._failure)
        elif self._failure and moment.kind == "TaskStateExited":
            self._fail(self._failure)
        elif moment.kind == "TaskStateExited":
            self._leave(moment)

    def _enter(self, moment: Moment) -> None:
        self._tell_retries()
        if moment.state != self._state:
            if self._folds and self._news:
                self._tell(moment, self._state, _trail(self._news))
            self._state, self._news = moment.state, []
            self.stopwatch.doing = moment.state
        if moment.kind != "TaskStateEntered":
            self._tell_quiet(moment)
            self.seen.end = moment.state

    def _leave(self, moment: Moment) -> None:
        self._tell_retries()
        if moment.state == "DescribeEndpoint":
            self.seen.shares.append(share_of(moment.data["Endpoint"]))
        news = news_of(moment.state, moment.data)
        if self._quiet[-1:] == [moment.state]:
            self._quiet.pop()
        if not news and moment.state not in {self._told, _ANNOUNCING}:
            self._quiet.append(moment.state)
        elif news and news not in self._news[-1:]:
            self._tell_quiet(moment)
            self._news.append(news)
            self.stopwatch.doing = f"{moment.state}: {news}"
            if not self._folds:
                self._tell(moment, moment.state, news)

    def _retry(self, failure: Moment) -> None:
        self.seen.retries[failure.error] += 1
        self._tell_quiet(failure)
        if self._retries and self._retries[-1].error != failure.error:
            self._tell_retries()
        self._retries.append(failure)
        self.stopwatch.doing = f"{failure.state}: {failure.error}"
        self._failure = None

    def _fail(self, failure: Moment) -> None:
        self.seen.failures[failure.error] += 1
        self._tell_retries()
        self._tell(failure, failure.state, f"[red]✗ {_words(failure)}")
        self._failure = None

    def _tell_retries(self) -> None:
        """Tell of a step's retries for the same error, in one line with an arrow for each."""
        if self._retries:
            last = self._retries[-1]
            self._tell(last, last.state, f"[yellow]{'↻' * len(self._retries)} {_words(last)}")
        self._retries = []

    def _tell_quiet(self, moment: Moment) -> None:
        """Tell which steps have succeeded without any news."""
        if self._quiet:
            self._story.step(self._seconds(moment), f"[dim]{' · '.join(self._quiet)}[/]")
        self._quiet = []

    def _tell(self, moment: Moment, state: str, news: str) -> None:
        self._tell_quiet(moment)
        self._story.step(self._seconds(moment), state, news)
        self._told = state

    def _seconds(self, moment: Moment) -> float:
        return (moment.at - self._started).total_seconds()


def _trail(news: list[str]) -> str:
    """Put news into one line, each without the words that it begins with like the one before."""
    return " → ".join([*news[:1], *(_fresh(before, after) for before, after in pairwise(news))])


def _fresh(before: str, after: str) -> str:
    words = zip_longest(after.split(), before.split(), fillvalue="")
    return " ".join(word for word, _ in dropwhile(lambda pair: pair[0] == pair[1], words)).rstrip()


def _words(failure: Moment) -> str:
    line = failure.cause.partition("\n")[0]
    brief = line if len(line) <= _CAUSE_LENGTH else f"{line[: _CAUSE_LENGTH - 1]}…"
    return f"{failure.error}[/] [dim]{escape(brief)}[/]"
