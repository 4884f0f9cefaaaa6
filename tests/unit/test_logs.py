"""The end of the log of a container that failed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

import announce_outcome
from deployer import runtime
from deployer.aws.logs import ContainerLogs, LogExcerpt, excerpt
from deployer.errors import AccessDeniedError, MonitoringUnavailableError
from local.virtual_time.functions import Context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.json_document import Document

GROUP = "/aws/sagemaker/Endpoints/churn"
SINCE = datetime(2026, 11, 24, 12, tzinfo=UTC)
LISTING = {"logGroupName": GROUP, "orderBy": "LastEventTime", "descending": True}


@pytest.fixture
def client() -> Any:
    """A client of CloudWatch Logs."""
    make: Any = boto3.client
    return make("logs", config=Config(retries={"total_max_attempts": 1}))


@pytest.fixture
def stub(client: Any) -> Iterator[Stubber]:
    """The answers of CloudWatch Logs."""
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def stream(name: str, minutes: float) -> Document:
    """Build a log stream that began some minutes after the change."""
    return {"logStreamName": name, "creationTime": int(SINCE.timestamp() * 1000 + minutes * 60_000)}


def answer_with_lines(stub: Stubber, name: str, *lines: str) -> None:
    """Let the next call get the events of a stream."""
    asked = {"logGroupName": GROUP, "logStreamName": name, "limit": 20, "startFromHead": False}
    stub.add_response("get_log_events", {"events": [{"message": line} for line in lines]}, asked)


def test_logs_that_cannot_be_reached_are_unavailable(client: Any) -> None:
    """A broken connection is not a refusal."""

    def break_off(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://logs")

    client.meta.events.register_first("before-send.cloudwatch-logs.*", break_off)

    with pytest.raises(MonitoringUnavailableError, match="describe_log_streams: Could not connect"):
        ContainerLogs(client).last_lines("churn", SINCE, 20)


def test_lines_are_those_of_the_fleet_that_failed(client: Any, stub: Stubber) -> None:
    """The old fleet goes on logging, and the restored one comes up later; both are skipped."""
    streams = [stream("AllTraffic/i-restored", 30), stream("AllTraffic/i-old", -600), stream("AllTraffic/i-new", 5)]
    stub.add_response("describe_log_streams", {"logStreams": streams}, LISTING)
    answer_with_lines(stub, "AllTraffic/i-new", "Traceback", "ValueError: no model")

    found = ContainerLogs(client).last_lines("churn", SINCE, 20)

    assert found == LogExcerpt(GROUP, "AllTraffic/i-new", ("Traceback", "ValueError: no model"))


def test_lines_are_those_of_the_variant_that_sagemaker_names(client: Any, stub: Stubber) -> None:
    streams = [stream("A/i-1", 5), stream("B/i-2", 6), stream("B/i-2/data-log", 5)]
    stub.add_response("describe_log_streams", {"logStreams": streams}, LISTING)
    answer_with_lines(stub, "B/i-2", "of B")

    found = ContainerLogs(client).last_lines("churn", SINCE, 20, "B")

    assert found is not None
    assert found.stream == "B/i-2"


def test_streams_are_looked_for_on_every_page_and_empty_ones_skipped(client: Any, stub: Stubber) -> None:
    pages: list[Document] = [
        {"logStreams": [stream("A/i-1", 5)], "nextToken": "2"},
        {"logStreams": [stream("A/i-2", 6)]},
    ]
    stub.add_response("describe_log_streams", pages[0], LISTING)
    stub.add_response("describe_log_streams", pages[1], {**LISTING, "nextToken": "2"})
    answer_with_lines(stub, "A/i-1")
    answer_with_lines(stub, "A/i-2", "line")

    found = ContainerLogs(client).last_lines("churn", SINCE, 20)

    assert found is not None
    assert found.lines == ("line",)


def test_endpoint_that_never_logged_has_no_lines(client: Any, stub: Stubber) -> None:
    stub.add_client_error("describe_log_streams", "ResourceNotFoundException")

    assert ContainerLogs(client).last_lines("churn", SINCE, 20) is None


@pytest.mark.parametrize(
    ("code", "error"),
    [("AccessDeniedException", AccessDeniedError), ("ThrottlingException", MonitoringUnavailableError)],
)
def test_refusal_is_named(client: Any, stub: Stubber, code: str, error: type[Exception]) -> None:
    stub.add_client_error("describe_log_streams", code)

    with pytest.raises(error):
        ContainerLogs(client).last_lines("churn", SINCE, 20)


@pytest.mark.parametrize("line", ["x" * 10_000, "ü" * 10_000, "short\n"], ids=["long", "six bytes each", "short"])
def test_lines_fit_an_event(line: str) -> None:
    """The last ones are kept."""
    kept = excerpt([line] * 1000 + ["the last one\n"])

    assert kept[-1] == "the last one"
    assert len(json.dumps(kept)) < 6 * 1024
    assert all(len(each) <= 501 for each in kept)


def test_lines_fill_four_kilobytes_exactly() -> None:
    """64 lines of 64 bytes, as they count in JSON, fit; one more does not."""
    assert len(excerpt(["x" * 62] * 65)) == 64


class Bus:
    """An event bus that takes everything."""

    def __init__(self) -> None:
        self.details: list[Document] = []

    def put(self, _kind: str, detail: Document, _resources: list[str]) -> None:
        """Take an event."""
        self.details.append(detail)


class Logs:
    """Logs with one line; or with none that can be read."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked: list[tuple[Any, ...]] = []

    def last_lines(self, *asked: Any) -> LogExcerpt:
        """Return the line."""
        self.asked.append(asked)
        if self.error:
            raise self.error
        return LogExcerpt(GROUP, "beta/i-1", ("hunter2",))


def announced(monkeypatch: pytest.MonkeyPatch, logs: Logs, reason: str, lines: str = "20") -> tuple[Document, Document]:
    """Announce a failed endpoint; return the event's detail and what the state machine gets."""
    bus = Bus()
    monkeypatch.setattr("deployer.announcement.event_bus", lambda: bus)
    monkeypatch.setattr(announce_outcome, "container_logs", lambda: logs)
    for name, value in {"ARTIFACT_PREFIX": "models/", "STACK_NAME": "s", "FAILURE_LOG_LINES": lines}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("EVENT_BUS_NAME", "default")
    runtime.client.cache_clear()
    event = {
        "Plan": {"Action": "Update", "EndpointName": "churn", "Revision": "churn-1", "RequestId": "e"},
        "Failure": {"Error": "UpdateRolledBackError", "Cause": reason},
        "ChangedAt": SINCE.isoformat(),
        "Execution": {"Id": "arn:aws:states:::e", "Name": "e", "StartTime": "2026-11-24T11:00:00Z"},
        "Now": "2026-11-24T13:00:00+00:00",
    }
    answer = announce_outcome.handler(event, Context("announce_outcome", "1"))  # type: ignore[arg-type]
    return bus.details[0], answer


UNHEALTHY = "The primary container for production variant beta did not pass the ping health check."


def test_event_of_a_failed_endpoint_has_the_last_lines_of_its_container(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The execution's data and the deployer's own log have not: the lines may hold secrets."""
    logs = Logs()

    detail, answer = announced(monkeypatch, logs, UNHEALTHY)

    assert logs.asked == [("churn", SINCE, 20, "beta")]
    assert (detail["LogStream"], detail["LogLines"]) == ("beta/i-1", ["hunter2"])
    assert "hunter2" not in json.dumps(answer) + capsys.readouterr().out


@pytest.mark.parametrize(
    ("reason", "lines"),
    [
        pytest.param("due to InsufficientInstanceCapacity error", "20", id="no container"),
        pytest.param(UNHEALTHY, "0", id="off"),
    ],
)
def test_log_is_read_only_where_it_is_wanted_and_may_show_the_cause(
    monkeypatch: pytest.MonkeyPatch, reason: str, lines: str
) -> None:
    logs = Logs()

    detail, _ = announced(monkeypatch, logs, reason, lines)

    assert logs.asked == []
    assert "LogLines" not in detail


@pytest.mark.parametrize("error", [AccessDeniedError("no"), MonitoringUnavailableError("later")])
def test_outcome_is_announced_though_the_log_cannot_be_read(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    detail, _ = announced(monkeypatch, Logs(error), UNHEALTHY)

    assert (detail["CauseClass"], "LogLines" in detail) == ("HealthCheck", False)
