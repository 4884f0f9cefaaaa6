"""Executions, as invariants read them: visited states, data, and end."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from local.json_document import Document
from local.states_language.history import FAILED, SCHEDULED, details_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.simulation.scenario import RequestStep
    from local.virtual_time import Execution

FAILURES = frozenset({"Rejected", "TimedOut", "Failed", "FailedUnannounced"})
SUCCESSES = frozenset({"Deployed", "NothingToDo", "Superseded", "AwaitingArtifact", "Planned", "SucceededUnannounced"})
UNANNOUNCED = frozenset({"SucceededUnannounced", "FailedUnannounced"})


@dataclass
class Visit:
    """One visit of a state.

    Attributes:
        state: Its name.
        entered: When it began, in seconds since the epoch.
        data: The execution's data at that time.
        attempts: How often its function was called.
        failures: The errors of the attempts that failed, in order.
        tried: When the last attempt began; when it was entered if its function was not called.
        left: When it ended; None if the execution ended in it.
    """

    state: str
    entered: float
    data: str
    attempts: int = 0
    failures: list[str] = field(default_factory=list)
    left: float | None = None
    tried: float = field(init=False)

    def __post_init__(self) -> None:
        """Begin without an attempt."""
        self.tried = self.entered

    @property
    def has_failed(self) -> bool:
        """Whether no attempt succeeded."""
        return 0 < self.attempts == len(self.failures)


def visits_of(execution: Execution) -> list[Visit]:
    """Return an execution's visits of states, in order."""
    visits: list[Visit] = []
    for event in execution.events:
        moment = seconds(event["timestamp"])
        if entered := event.get("stateEnteredEventDetails"):
            visits.append(Visit(entered["name"], moment, entered["input"]))
        elif event["type"] in SCHEDULED:
            visits[-1].attempts += 1
            visits[-1].tried = moment
        elif event["type"] in FAILED:
            visits[-1].failures.append(str(details_of(event)["error"]))
        elif "stateExitedEventDetails" in event:
            visits[-1].left = moment
    return visits


@dataclass(frozen=True)
class Run:
    """One execution of the state machine that deploys.

    Attributes:
        execution: What Step Functions records of it.
        request: The step that started it.
        environment: The settings of the functions when it started.
    """

    execution: Execution
    request: RequestStep
    environment: Mapping[str, str]

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
        """Its visits of states, in order."""
        return visits_of(self.execution)

    @functools.cached_property
    def data(self) -> Document:
        """The input of its last state; empty before its first step."""
        last = json.loads(self.visits[-1].data) if self.visits else None
        # The input of the first state is the execution's, whatever that is.
        return last if len(self.visits) > 1 and isinstance(last, dict) else {}

    @property
    def plan(self) -> Document:
        """Its last plan; empty if it has none."""
        return dict(self.data.get("Plan") or {})

    @property
    def endpoint(self) -> str:
        """The endpoint that it is about."""
        return str(self.plan.get("EndpointName") or self.request.endpoint)

    @property
    def revision(self) -> str:
        """The endpoint config that it deploys; empty if that was not decided."""
        return str(self.plan.get("Revision") or "")

    @property
    def smoke_test(self) -> Document | None:
        """The smoke test of its request, if there is one."""
        return (self.plan.get("Request") or {}).get("SmokeTest")

    @property
    def is_dry(self) -> bool:
        """Whether its request asked only what it would change."""
        return bool((self.plan.get("Request") or {}).get("DryRun"))

    @property
    def error(self) -> str:
        """The error that it failed with; empty if it did not fail."""
        return self.failure("Failure").get("Error", "")

    def failure(self, name: str) -> dict[str, str]:
        """Return one of the failures in its data; empty if there was none."""
        return self.data.get(name) or {}

    @property
    def end(self) -> str:
        """The state that it ended in, or the status if it was ended from outside."""
        if self.execution.status in {"SUCCEEDED", "FAILED"} and self.visits:
            return self.visits[-1].state
        return self.execution.status

    @property
    def outcome(self) -> str:
        """The outcome, announced or not; empty if it has none."""
        if self.end not in UNANNOUNCED:
            return self.end if self.end in FAILURES | SUCCESSES else ""
        superseded = {"DeploymentSupersededError": "Superseded"}
        if self.error:
            others = {
                "InvalidRequestError": "Rejected",
                "ApprovalRejectedError": "Rejected",
                "DeploymentTimedOutError": "TimedOut",
                "ApprovalTimedOutError": "TimedOut",
            }
            return (others | superseded).get(self.error, "Failed")
        actions = {"Confirm": "NothingToDo"}
        action = str(self.plan.get("Action"))
        known = {"NothingToDo", "Superseded", "AwaitingArtifact", "Planned"}
        return actions.get(action, action if action in known else "Deployed")

    @property
    def has_succeeded(self) -> bool:
        """Whether the endpoint serves what it requested, by its outcome."""
        return self.outcome in {"Deployed", "NothingToDo"}

    @property
    def is_unfinished(self) -> bool:
        """Whether it was stopped, ran out of time, or could not restore the endpoint."""
        return not self.outcome or self.outcome == "TimedOut" or bool(self.failure("RestoreFailure"))

    @property
    def has_planned_again(self) -> bool:
        """Whether it found the endpoint busy, or not as planned."""
        return any(visit.state == "PlanAgain" for visit in self.visits)

    @property
    def began(self) -> float:
        """When it started, in seconds since the epoch."""
        return seconds(self.execution.record["startDate"])

    @property
    def ended(self) -> float:
        """When it ended, in seconds since the epoch."""
        return seconds(self.execution.record["stopDate"])

    def is_running(self, moment: float) -> bool:
        """Return whether it was under way at a moment in seconds since the epoch: not between its end and a redrive."""
        events = [each for each in self.execution.events if each["type"].startswith("Execution")]
        types = [each["type"] for each in events if seconds(each["timestamp"]) <= moment]
        return bool(types) and types[-1] in {"ExecutionStarted", "ExecutionRedriven"}

    def last(self, *states: str) -> Visit | None:
        """Return its last visit of one of some states."""
        return next((visit for visit in reversed(self.visits) if visit.state in states), None)


@dataclass(frozen=True)
class SweepRun:
    """One execution of the state machine that sweeps.

    Attributes:
        execution: What Step Functions records of it.
        environment: The settings of its function.
    """

    execution: Execution
    environment: Mapping[str, str]

    @property
    def name(self) -> str:
        """The execution's name."""
        return str(self.execution.record["name"])

    @property
    def is_dry_run(self) -> bool:
        """Whether it only reports."""
        return bool(json.loads(self.execution.record["input"]).get("DryRun"))

    @property
    def began(self) -> float:
        """When it started, in seconds since the epoch."""
        return seconds(self.execution.record["startDate"])

    @property
    def retention(self) -> float:
        """For how many seconds it keeps unused resources."""
        return 3600 * float(self.environment["UNUSED_RETENTION_HOURS"])

    @property
    def retained(self) -> int:
        """How many deployed revisions of an endpoint it keeps."""
        return int(self.environment["RETAINED_REVISIONS"])


def seconds(timestamp: str) -> float:
    """Read a moment as Step Functions writes it: cut to milliseconds, so that it may have been a little later."""
    return datetime.fromisoformat(timestamp).timestamp() + 0.001
