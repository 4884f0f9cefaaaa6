"""Progress of a long command, line by line: on a terminal in colour with a stopwatch, elsewhere in plain lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.text import Text

_STATE_WIDTH = 24


class Stopwatch:
    """The line of a terminal during an activity: its name and its seconds so far."""

    def __init__(self, activity: str) -> None:
        """Start at zero."""
        self.activity = activity
        self._begin = monotonic()

    @property
    def seconds(self) -> float:
        """The seconds so far."""
        return monotonic() - self._begin

    def __rich__(self) -> Text:
        return Text(f"{self.activity} … {self.seconds:.1f} s")


class Progress:
    """Prints the progress of a command.

    Attributes:
        console: The console that it prints on.
    """

    def __init__(self, console: Console) -> None:
        """Print on a console."""
        self.console = console

    def say(self, line: str) -> None:
        """Print a line, which may have rich's markup."""
        self.console.print(line, soft_wrap=True)

    def show_state(self, seconds: float, state: str, text: str = "") -> None:
        """Print a line about a state of an execution.

        Args:
            seconds: Seconds since the start of the execution.
            state: The state's name.
            text: What happened there; may have rich's markup.
        """
        self.say(f"  [dim]{seconds:5.1f} s[/]  {state:<{_STATE_WIDTH}}{text}".rstrip())

    @contextmanager
    def step(self, activity: str) -> Iterator[list[str]]:
        """Show an activity with a stopwatch, and print it with its duration when it is done.

        Yields:
            A list for remarks, which are printed behind the activity.
        """
        stopwatch, remarks = Stopwatch(activity), list[str]()
        with self.console.status(stopwatch):
            yield remarks
        self.say(f"[green]✓[/] {' · '.join([activity, *remarks])} [dim]{stopwatch.seconds:.1f} s[/]")
