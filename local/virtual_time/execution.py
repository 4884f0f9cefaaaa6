"""An execution as Step Functions describes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from local.json_document import Document
from local.states_language.history import SCHEDULED, failures_of
from local.states_language.paths import size


@dataclass(frozen=True)
class Execution:
    """One execution, while it runs and when it has ended.

    Attributes:
        record: The answers of DescribeExecution and GetExecutionHistory.
    """

    record: Document

    @property
    def arn(self) -> str:
        """Its ARN."""
        return str(self.record["executionArn"])

    @property
    def status(self) -> str:
        """`RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.

        It is `RUNNING` before the moment that it was scheduled for, too, and again after a redrive.
        """
        return str(self.record["status"])

    @property
    def error(self) -> str:
        """The error of an execution that failed, timed out or was stopped."""
        return str(self.record.get("error") or "")

    @property
    def cause(self) -> str:
        """The cause of an execution that failed, timed out or was stopped."""
        return str(self.record.get("cause") or "")

    @property
    def redrive_count(self) -> int:
        """How often it was redriven."""
        return int(self.record["redriveCount"])

    @property
    def events(self) -> list[Document]:
        """Its history."""
        events: list[Document] = self.record["events"]
        return events

    @property
    def states(self) -> list[str]:
        """The states that it entered, in order; a redrive enters its first one again."""
        return [event["stateEnteredEventDetails"]["name"] for event in self._entered]

    @property
    def failures(self) -> list[tuple[str, str]]:
        """The failed attempts of its tasks: the state and the error. A wait for a token that timed out is none."""
        return failures_of(self.events)

    @property
    def attempts(self) -> int:
        """How often its tasks began, retries included."""
        return sum(event["type"] in SCHEDULED for event in self.events)

    @property
    def largest_data(self) -> int:
        """The bytes of the largest data that a state got."""
        return max(size(event["stateEnteredEventDetails"]["input"]) for event in self._entered)

    @property
    def _entered(self) -> list[Document]:
        return [event for event in self.events if "stateEnteredEventDetails" in event]


def timestamp(seconds: float) -> str:
    """Return a moment, in seconds since the epoch, in the format of Step Functions."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
