"""WakeExecution: which executions are looked at, and which of them are woken."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

import wake_execution
from deployer.aws.event_bus import APPROVAL_REQUESTED
from deployer.execution_history import waiting_task
from deployer.json_document import Document
from deployer.planning.keys import execution_key
from tests.unit.execution_events import Event, entered, failed, of, scheduled
from tests.unit.lambda_context import lambda_context
from tests.unit.planning_samples import NOON, revision
from tests.unit.sweep_fakes import FakeObjects

STATE_CHANGE = "SageMaker Endpoint State Change"
MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:deploy"


@dataclass
class FakeExecutions:
    """Step Functions: which executions wait, and what was done.

    Attributes:
        waiting: Names of the executions that wait for their token, which is their name.
        asking: Names of those among them that wait for approval.
        ended: Tokens of tasks that have ended meanwhile.
        looked_at: Names of the executions whose history was read.
        sent: The tokens that were completed, and with what.
    """

    waiting: set[str] = field(default_factory=set)
    asking: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    looked_at: list[str] = field(default_factory=list)
    sent: list[tuple[str, Document]] = field(default_factory=list)

    def newest_events(self, execution: str, _count: int) -> list[Event]:
        """Return the history of an execution."""
        name = execution.rpartition(":")[2]
        self.looked_at.append(name)
        if name not in self.waiting | self.asking:
            return of("WaitStateEntered")
        return [*of("TaskSubmitted", "TaskStarted"), scheduled(name, awaits_approval=name in self.asking)]

    def send_success(self, token: str, output: Document) -> bool:
        """Complete a task."""
        self.sent.append((token, output))
        return token not in self.ended


class ListingObjects(FakeObjects):
    """A bucket that can be listed from a folder on."""

    def list_folders(self, bucket: str, prefix: str, start_after: str = "") -> Any:
        """List folders."""
        return (each for each in super().list_folders(bucket, prefix) if each >= start_after)


@dataclass
class Woken:
    """What a wake-up meets.

    Attributes:
        objects: The store.
        executions: Step Functions.
    """

    objects: ListingObjects = field(default_factory=ListingObjects)
    executions: FakeExecutions = field(default_factory=FakeExecutions)

    def work_on(self, number: int, *names: str) -> str:
        """Let executions work on a revision, one after the other; return the revision."""
        name = revision(number, number).name
        for minutes, execution in enumerate(names):
            self.objects.put(execution_key("churn", name, execution), at=NOON + timedelta(minutes=minutes))
        return name

    def supersede(self) -> list[str]:
        """Invoke the function with an event that requests an approval."""
        event = {"detail-type": APPROVAL_REQUESTED, "detail": {"EndpointName": "churn"}}
        woken: list[str] = wake_execution.handler(event, lambda_context("wake_execution"))["Woken"]
        return woken

    def wake(self, config: str = "") -> list[str]:
        """Invoke the function with an event of the endpoint."""
        detail = {"EndpointName": "churn", "EndpointConfigName": config, "EndpointStatus": "IN_SERVICE"}
        context = lambda_context("wake_execution")
        woken: list[str] = wake_execution.handler({"detail-type": STATE_CHANGE, "detail": detail}, context)["Woken"]
        return woken


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> Woken:
    """The fake of AWS for a wake-up."""
    world = Woken()
    monkeypatch.setattr(wake_execution, "objects", lambda: world.objects)
    monkeypatch.setattr(wake_execution, "executions", lambda: world.executions)
    monkeypatch.setenv("ARTIFACT_BUCKET", "artifacts")
    monkeypatch.setenv("STATE_MACHINE_ARN", MACHINE)
    return world


def test_waiting_execution_is_woken(woken: Woken) -> None:
    attached = woken.work_on(0, "run-1", "run-2")
    woken.executions.waiting = {"run-2"}

    assert woken.wake(attached) == ["run-2"]
    answer = {"InService": False, "RequestedAt": "2026-11-24T12:00:00+00:00", "LookSeconds": 5}
    assert woken.executions.sent == [("run-2", answer)]


def test_execution_of_a_revision_that_was_rolled_back_is_woken(woken: Woken) -> None:
    """The endpoint has the config before it again."""
    attached = woken.work_on(0, "run-0")
    woken.work_on(1, "run-1")
    woken.executions.waiting = {"run-1"}

    assert woken.wake(attached) == ["run-1"]


def test_executions_of_older_revisions_are_not_looked_at(woken: Woken) -> None:
    woken.work_on(0, "run-0")
    attached = woken.work_on(1, "run-1")

    woken.wake(attached)

    assert woken.executions.looked_at == ["run-1"]


@pytest.mark.parametrize("config", ["", "by-hand"], ids=["unknown", "somebody else's"])
def test_newest_revisions_are_looked_at_if_the_config_is_not_a_revision(woken: Woken, config: str) -> None:
    for number in range(7):
        woken.work_on(number, f"run-{number}")

    woken.wake(config)

    assert woken.executions.looked_at == ["run-6", "run-5", "run-4", "run-3", "run-2"]


def test_newest_executions_of_a_revision_are_looked_at(woken: Woken) -> None:
    attached = woken.work_on(0, *(f"run-{number:02}" for number in range(15)))

    woken.wake(attached)

    assert woken.executions.looked_at == [f"run-{number:02}" for number in range(14, 4, -1)]


def test_second_event_changes_nothing(woken: Woken) -> None:
    attached = woken.work_on(0, "run-1")
    woken.executions.waiting = woken.executions.ended = {"run-1"}

    assert woken.wake(attached) == []


def test_foreign_endpoint_wakes_no_execution(woken: Woken) -> None:
    assert woken.wake("by-hand") == []
    assert woken.executions.looked_at == []


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param([*of("TaskSubmitted", "TaskStarted"), scheduled()], "token", id="waits"),
        pytest.param([*of("TaskStarted"), scheduled()], "token", id="still looks"),
        pytest.param([scheduled()], "token", id="was just scheduled"),
        pytest.param([*of("TaskSucceeded"), scheduled()], None, id="is completed"),
        pytest.param([*of("TaskTimedOut", "TaskSubmitted"), scheduled()], None, id="is timed out"),
        pytest.param([*of("TaskFailed", "TaskStarted"), scheduled()], None, id="has failed"),
        pytest.param([entered("DescribeEndpoint"), scheduled()], None, id="is entered again"),
        pytest.param([scheduled(None)], None, id="another task"),
        pytest.param([{"type": "TaskScheduled", "taskScheduledEventDetails": {}}], None, id="no parameters"),
        pytest.param([{"type": "TaskScheduled", "taskScheduledEventDetails": {"parameters": "{"}}], None, id="cut off"),
        pytest.param([failed("E")], None, id="execution has ended"),
        pytest.param([], None, id="no history"),
    ],
)
def test_token_is_found_while_its_task_waits(events: list[Event], expected: str | None) -> None:
    assert waiting_task(events).get("TaskToken") == expected


def test_execution_that_waits_for_approval_is_not_woken(woken: Woken) -> None:
    """The answer would count as a person's."""
    attached = woken.work_on(0, "run-1", "run-2")
    woken.executions.asking, woken.executions.waiting = {"run-1"}, {"run-2"}

    assert woken.wake(attached) == ["run-2"]


def test_all_but_the_newest_revision_that_waits_for_approval_are_superseded(woken: Woken) -> None:
    """Copies of the newest request go on waiting, and so do executions that wait for their endpoint."""
    for number, names in enumerate((["old"], ["older-look"], ["new-1", "new-2"], ["running"])):
        woken.work_on(number, *names)
    woken.executions.asking, woken.executions.waiting = {"old", "new-1", "new-2"}, {"older-look"}

    assert woken.supersede() == ["old"]
    ((token, answer),) = woken.executions.sent
    assert (token, answer["Decision"]) == ("old", "Supersede")


def test_nothing_is_superseded_where_nothing_waits_for_approval(woken: Woken) -> None:
    woken.work_on(0, "run-1")

    assert woken.supersede() == []


def test_wait_for_approval_that_has_ended_is_not_superseded(woken: Woken) -> None:
    """A person has answered just before."""
    woken.work_on(0, "old")
    woken.work_on(1, "new")
    woken.executions.asking, woken.executions.ended = {"old", "new"}, {"old"}

    assert woken.supersede() == []
