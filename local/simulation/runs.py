"""An execution as the promises look at it: its visits of states, its data, its end."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.simulation.story import Ask
    from local.virtual_time import Execution

FAILURES = frozenset({"Rejected", "TimedOut", "Failed", "FailedUnannounced"})
SUCCESSES = frozenset({"Deployed", "NothingToDo", "Superseded", "AwaitingArtifact", "SucceededUnannounced"})
UNANNOUNCED = frozenset({"SucceededUnannounced", "FailedUnannounced"})


@dataclass
class Visit:
    """One stay in a state.

    Attributes:
        state: Its name.
        entered: When it began, in seconds since the epoch.
        data: The execution's data at that time.
        attempts: How often its function was called.
        failures: The errors of the attempts that failed, in order.
        left: When it ended; None if the execution ended in it.
    """

    state: str
    entered: float
    data: str
    attempts: int = 0
    failures: list[str] = field(default_factory=list)
    left: float | None = None

    @property
    def has_failed(self) -> bool:
        """Whether no attempt succeeded."""
        return 0 < self.attempts == len(self.failures)


@dataclass(frozen=True)
class Run:
    """One execution.

    Attributes:
        execution: What Step Functions tells of it.
        ask: The request that started it.
    """

    execution: Execution
    ask: Ask

    @property
    def name(self) -> str:
        """The execution's name."""
        return str(self.execution.record["name"])

    @property
    def arn(self) -> str:
        """Its ARN."""
        return self.execution.arn

    @functools.cached_property
    def visits(self) -> list[Visit]:
        """Its stays in states, in order."""
        visits: list[Visit] = []
        for event in self.execution.events:
            moment = seconds(event["timestamp"])
            if entered := event.get("stateEnteredEventDetails"):
                visits.append(Visit(entered["name"], moment, entered["input"]))
            elif event["type"] == "TaskScheduled":
                visits[-1].attempts += 1
            elif event["type"] == "TaskFailed":
                visits[-1].failures.append(event["taskFailedEventDetails"]["error"])
            elif "stateExitedEventDetails" in event:
                visits[-1].left = moment
        return visits

    @functools.cached_property
    def data(self) -> dict[str, Any]:
        """The data that its last state got."""
        return dict(json.loads(self.visits[-1].data)) if self.visits else {}

    @property
    def plan(self) -> dict[str, Any]:
        """What it planned last; empty if it did not come that far."""
        return dict(self.data.get("Plan", {}))

    @property
    def endpoint(self) -> str:
        """The endpoint that it is about."""
        return str(self.plan.get("EndpointName") or self.ask.endpoint)

    @property
    def revision(self) -> str:
        """The endpoint config that it wants; nothing if it did not come that far."""
        return str(self.plan.get("Revision") or "")

    @property
    def models(self) -> list[str]:
        """The models that it wants, by name."""
        return [model["ModelName"] for model in self.plan.get("Models", [])]

    @property
    def error(self) -> str:
        """What it failed with, if it did."""
        return str(self.data.get("Failure", {}).get("Error", ""))

    @property
    def left(self) -> list[str]:
        """What it says that it left."""
        return list(self.data.get("Undo", {}).get("Left", []))

    @property
    def end(self) -> str:
        """The state that it ended in, or the status if it was ended from outside."""
        if self.execution.status in {"SUCCEEDED", "FAILED"} and self.visits:
            return self.visits[-1].state
        return self.execution.status

    @property
    def outcome(self) -> str:
        """The outcome, whether or not the bus was told; nothing if it has none."""
        if self.end not in UNANNOUNCED:
            return self.end if self.end in FAILURES | SUCCESSES else ""
        if self.end == "FailedUnannounced":
            return {"InvalidRequestError": "Rejected", "DeploymentTimedOutError": "TimedOut"}.get(self.error, "Failed")
        actions = {"Confirm": "NothingToDo"}
        action = str(self.plan.get("Action"))
        known = {"NothingToDo", "Superseded", "AwaitingArtifact"}
        return actions.get(action, action if action in known else "Deployed")

    @property
    def has_succeeded(self) -> bool:
        """Whether the endpoint serves what it asked for, as it says."""
        return self.outcome in {"Deployed", "NothingToDo"}

    @property
    def is_unfinished(self) -> bool:
        """Whether it was stopped, ran out of time, or could not undo what it did."""
        return not self.outcome or self.outcome == "TimedOut" or "UndoFailure" in self.data

    @property
    def has_planned_again(self) -> bool:
        """Whether it found the endpoint otherwise than planned."""
        return "Replan" in self.data

    @property
    def began(self) -> float:
        """When it started, in seconds since the epoch."""
        return seconds(self.execution.record["startDate"])

    @property
    def ended(self) -> float:
        """When it ended, in seconds since the epoch."""
        return seconds(self.execution.record["stopDate"])

    def last(self, *states: str) -> Visit | None:
        """Return its last stay in one of some states."""
        return next((visit for visit in reversed(self.visits) if visit.state in states), None)


def seconds(timestamp: str) -> float:
    """Read a moment as Step Functions spells it: cut to milliseconds, so that it may have been a little later."""
    return datetime.fromisoformat(timestamp).timestamp() + 0.001
