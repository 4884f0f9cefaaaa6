"""How much is asked of the deployer, and of a SageMaker that takes its time and only so many calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.simulator import Settings

RETAINED = 3
"""Revisions that the stack retains."""


@dataclass(frozen=True)
class Load:
    """Uploads, each of another artifact.

    Attributes:
        uploads: How many.
        endpoints: How many endpoints they are for, taking turns.
        seconds: Within which time, on SageMaker's clock.
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
        """Return the seconds from the start after which an upload comes, on SageMaker's clock."""
        return number * self.seconds / self.uploads


@dataclass(frozen=True, slots=True)
class Run:
    """What an upload led to.

    Attributes:
        number: The upload's.
        endpoint: The endpoint that it was for.
        outcome: What the event bus was told; None if nothing.
        events: The history of the execution.
    """

    number: int
    endpoint: str
    outcome: dict[str, Any] | None
    events: list[dict[str, Any]]


def hosting(calls_per_second: float | None) -> Settings:
    """Return how SageMaker behaves under a load; endpoints take as long as small ones do."""
    return Settings(lag=5.0, create_seconds=180.0, update_seconds=240.0, calls_per_second=calls_per_second)
