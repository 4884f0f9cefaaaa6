"""The uploads of a load, and the durations and limits of the simulated SageMaker."""

from __future__ import annotations

from dataclasses import dataclass

from local.json_document import Document
from local.simulator import Settings
from local.states_language.history import SCHEDULED

RETAINED = 3
"""Deployed revisions of an endpoint that the stack retains."""

RETENTION_SECONDS = 24 * 3600.0
"""How long the stack keeps what nothing uses."""


@dataclass(frozen=True)
class Load:
    """Uploads, each of another artifact.

    Attributes:
        uploads: Number of uploads.
        endpoints: Number of endpoints; the uploads are for one after the other, in turns.
        seconds: Seconds from the first upload to the last, on SageMaker's clock.
        prefix: What the endpoints' names begin with.
    """

    uploads: int = 200
    endpoints: int = 50
    seconds: float = 60.0
    prefix: str = "load"

    def endpoint(self, number: int) -> str:
        """Return the endpoint that an upload is for."""
        return f"{self.prefix}-{number % self.endpoints}"

    def key(self, number: int) -> str:
        """Return the key of an upload."""
        return f"models/{self.endpoint(number)}/model.tar.gz"

    def moment(self, number: int) -> float:
        """Return when an upload comes: seconds from the start, on SageMaker's clock."""
        return number * self.seconds / self.uploads


@dataclass(frozen=True, slots=True)
class Run:
    """The execution that an upload started.

    Attributes:
        number: The upload's number.
        endpoint: The endpoint that it is for.
        outcome: The detail of the event that announced its outcome; None if there was none.
        events: The history of the execution.
    """

    number: int
    endpoint: str
    outcome: Document | None
    events: list[Document]

    @property
    def invocations(self) -> int:
        """Invocations of functions by the execution."""
        return sum(event["type"] in SCHEDULED for event in self.events)


def hosting(calls_per_second: float | None) -> Settings:
    """Return the simulator's settings for a load; endpoints take as long as small ones do."""
    return Settings(lag=5.0, create_seconds=180.0, update_seconds=240.0, calls_per_second=calls_per_second)
