"""The function SweepUnused: its settings, its result, and its announcement."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

import record_deployment
import sweep_unused
from deployer import clock
from deployer.aws.event_bus import SWEEP_ENDED
from deployer.errors import AnnouncementUnavailableError
from deployer.json_document import Document
from tests.unit.lambda_context import lambda_context
from tests.unit.manual_clock import Clock
from tests.unit.planning_samples import NOON, STACK, plan, revision
from tests.unit.sweep_fakes import FakeMonitoring, FakeObjects, FakeSageMaker

REVISION, MODEL = revision().name, "churn-m-0123456789ab"


class FakeBus:
    """An event bus that remembers what it took, and may be unavailable."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Document]] = []
        self.is_available = True

    def put(self, detail_type: str, detail: Document) -> None:
        """Take an event."""
        if not self.is_available:
            raise AnnouncementUnavailableError("PutEvents: no")
        self.events.append((detail_type, detail))


@pytest.fixture
def account() -> FakeSageMaker:
    """An account with one unused revision of the stack."""
    made = FakeSageMaker()
    made.add_model(MODEL, NOON - timedelta(hours=3), stack=STACK)
    made.add_config(REVISION, MODEL, at=NOON - timedelta(hours=3), stack=STACK)
    return made


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch, account: FakeSageMaker) -> FakeBus:
    """The event bus; all that the function reaches is in memory, at noon."""
    made, time = FakeBus(), Clock(NOON.timestamp())
    for name, value in {
        "STACK_NAME": STACK,
        "ARTIFACT_BUCKET": "artifacts",
        "RETAINED_REVISIONS": "2",
        "UNUSED_RETENTION_HOURS": "2",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sweep_unused, "sagemaker", lambda: account)
    monkeypatch.setattr(sweep_unused, "objects", FakeObjects)
    monkeypatch.setattr(sweep_unused, "monitoring", FakeMonitoring)
    monkeypatch.setattr(sweep_unused, "event_bus", lambda: made)
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(seconds=time.now() - NOON.timestamp()))
    monkeypatch.setattr(clock, "sleep", time.sleep)
    return made


def sweep(request: object, before: Document | None = None) -> Document:
    """Invoke the function, JSON to JSON."""
    context = lambda_context("sweep_unused")
    event = json.loads(json.dumps({"Input": request, "Sweep": before, "Now": NOON.isoformat()}))
    answer: Document = json.loads(json.dumps(sweep_unused.handler(event, context)))
    return answer


def test_sweep_announces_the_removed_resources(account: FakeSageMaker, bus: FakeBus) -> None:
    answer = sweep({})

    assert (answer["Done"], answer["Cursor"]) == (True, None)
    assert answer["Removed"]["Models"] == {"Count": 1, "Names": [MODEL]}

    ((detail_type, detail),) = bus.events
    assert detail_type == SWEEP_ENDED
    assert detail["DryRun"] is False
    assert detail["Removed"] == {
        "EndpointConfigs": {"Count": 1, "Names": [REVISION]},
        "Models": {"Count": 1, "Names": [MODEL]},
        "Revisions": {"Count": 0, "Names": []},
        "Artifacts": {"Count": 0, "Names": []},
        "Alarms": {"Count": 0, "Names": []},
    }
    assert detail["Refused"] == {"Count": 0, "Names": []}
    assert not account.models


def test_dry_run_only_reports(account: FakeSageMaker, bus: FakeBus) -> None:
    sweep({"DryRun": True})

    assert bus.events[0][1]["DryRun"] is True
    assert bus.events[0][1]["Removed"]["Models"]["Names"] == [MODEL]
    assert account.models


@pytest.mark.parametrize("request_", [None, "text", {"DryRun": "true"}, {"detail": {}}], ids=repr)
def test_any_other_input_is_a_sweep(account: FakeSageMaker, bus: FakeBus, request_: object) -> None:
    """A schedule starts the execution with an event of its own."""
    sweep(request_)

    assert bus.events[0][1]["DryRun"] is False
    assert not account.models


def test_announcement_is_repeated_alone(account: FakeSageMaker, bus: FakeBus) -> None:
    """The next invocation announces the removals if the bus was not available."""
    bus.is_available = False
    first = sweep({})
    with pytest.raises(AnnouncementUnavailableError):
        sweep({}, first)
    bus.is_available = True
    calls = account.calls.total()

    second = sweep({}, first)

    assert (first["Done"], second["Done"]) == (False, True)
    assert bus.events[0][1]["Removed"]["Models"]["Names"] == [MODEL]
    assert account.calls.total() == calls


@pytest.mark.parametrize(
    ("retries", "state", "expected"),
    [(0, "deployed", 1), (1, "pending", 1), (1, "deployed", 0)],
    ids=["at once", "after an attempt without effect", "after an attempt whose answer was lost"],
)
def test_deployment_is_recorded_on_its_config(
    monkeypatch: pytest.MonkeyPatch, retries: int, state: str, expected: int
) -> None:
    """RecordDeployment sets the state that retention looks at, and looks first whether an earlier attempt has."""
    tagged: list[tuple[str, dict[str, str]]] = []

    class Tagging:
        def tags_of(self, _arn: str) -> dict[str, str]:
            return {"endpoint-deployer:state": state}

        def add_tags(self, arn: str, tags: dict[str, str]) -> None:
            tagged.append((arn, tags))

    monkeypatch.setattr(record_deployment, "sagemaker", lambda _: Tagging())
    document = plan().model_dump(mode="json", by_alias=True)
    event = {"Plan": document, "Config": {"EndpointConfigArn": "arn"}, "RetryCount": retries}
    context = lambda_context("record_deployment")

    record_deployment.handler(event, context)

    assert tagged == [("arn", {"endpoint-deployer:state": "deployed"})] * expected
