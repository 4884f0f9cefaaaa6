"""Tells an execution as it happens: on a terminal in colour and with a running clock, elsewhere in plain lines."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from local.execution import Moment

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


class Story:
    """What the demo tells, line by line.

    Attributes:
        retries: How often each error was retried, by the error's name.
    """

    def __init__(self, console: Console) -> None:
        """Tell it on a console."""
        self._console = console
        self._started = _NEVER
        self._failure: Moment | None = None
        self.retries: Counter[str] = Counter()

    def say(self, line: str) -> None:
        """Tell a line, which may have rich's markup."""
        self._console.print(line, soft_wrap=True)

    @contextmanager
    def chapter(self, doing: str) -> Iterator[list[str]]:
        """Tell that something is being done, and once it is, for how long; the list takes what there is to add."""
        stopwatch, remarks = Stopwatch(doing), list[str]()
        with self._console.status(stopwatch):
            yield remarks
        self.say(f"[green]✓[/] {' · '.join([doing, *remarks])} [dim]{stopwatch.seconds:.1f} s[/]")

    def follow(self, moments: Iterable[Moment]) -> None:
        """Tell an execution from its start to its end."""
        self._failure = None
        stopwatch = Stopwatch("")
        with self._console.status(stopwatch):
            for moment in moments:
                stopwatch.doing = moment.state
                self._tell(moment)

    def _tell(self, moment: Moment) -> None:
        if moment.kind == "ExecutionStarted":
            self._started = moment.at
        elif moment.kind.startswith("Execution"):
            self._line(moment, f"[bold]{moment.kind.removeprefix('Execution').lower()}[/]")
        elif moment.kind.endswith("StateEntered"):
            self._line(moment, "")
        elif moment.error:
            self._failure = moment
        elif self._failure and moment.kind == "TaskScheduled":
            self.retries[self._failure.error] += 1
            self._line(moment, f"[yellow]↻ {self._failure.error}[/] [dim]{_brief(self._failure)}[/]")
            self._failure = None
        elif self._failure and moment.kind.endswith("StateExited"):
            self._line(moment, f"[red]✗ {self._failure.error}[/] [dim]{_brief(self._failure)}[/]")
            self._failure = None

    def _line(self, moment: Moment, text: str) -> None:
        elapsed = (moment.at - self._started).total_seconds()
        self.say(f"  [dim]{elapsed:5.1f} s[/]  {escape(moment.state):<{_STATE_WIDTH}}{text}".rstrip())


def _brief(failure: Moment) -> str:
    line = failure.cause.partition("\n")[0]
    return escape(line if len(line) <= _CAUSE_LENGTH else f"{line[: _CAUSE_LENGTH - 1]}…")
