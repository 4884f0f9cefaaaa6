"""The stack's log lines and metrics are as documented, and neither holds a secret."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from deployer.json_document import Document
from local.aws.execution_follower import follow
from local.environment import ROOT, STACK_NAME
from local.simulator import Fault
from tests.machine.factories import request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.aws.stack import Stack
    from local.simulator import Settings

SECRET = "hunter2-of-the-environment"  # noqa: S105 - the point of the tests
TOO_LONG = SECRET + "x" * 1024
RETRIED = "EndpointConfigNotVisibleError"
EXECUTION_SECONDS = 90.0
NAMESPACE = "EndpointDeployer"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Records:
    """The records of three executions: one deployed after a retry, one rejected and one failed.

    Attributes:
        outcomes: The event of each on the bus, by outcome.
        messages: The lines of all log groups since the first of them began.
        models: What SageMaker holds of the one that was deployed.
    """

    outcomes: dict[str, Document]
    messages: list[str]
    models: str

    def lines(self, outcome: str) -> list[Document]:
        """Return the structured lines of an execution."""
        execution = self.outcomes[outcome]["Execution"].rpartition(":")[2]
        return [line for line in self._documents() if line.get("execution") == execution]

    def metrics(self) -> Iterator[tuple[str, str, dict[str, str], list[float]]]:
        """Yield name, unit, dimensions and values of each metric in CloudWatch's embedded metric format."""
        for line in self._documents():
            for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
                assert directive["Namespace"] == NAMESPACE
                (dimensions,) = directive["Dimensions"]
                for metric in directive["Metrics"]:
                    named = {dimension: line[dimension] for dimension in dimensions}
                    yield metric["Name"], metric["Unit"], named, line[metric["Name"]]

    def _documents(self) -> list[Document]:
        return [json.loads(message) for message in self.messages if message.startswith("{")]


def with_environment(content: str, endpoint: str, **environment: str) -> Document:
    """Build a request whose container has environment variables."""
    document = request(content, endpoint)
    document["Models"]["m"]["PrimaryContainer"]["Environment"] = environment
    return document


def messages_since(stack: Stack, moment: float) -> list[str]:
    """Return the lines of all log groups of local AWS since a moment, in seconds since the epoch."""
    logs = stack.server.client("logs")
    groups = [
        group["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
    ]
    return [
        event["message"]
        for group in groups
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=int(moment * 1000))
        for event in page["events"]
    ]


@pytest.fixture(scope="module")
def records(running: Stack, quick: Settings) -> Records:
    """Run the three executions, and return their records."""
    faults = (
        Fault("CreateEndpoint", "stale"),
        Fault("CreateEndpoint", "rejected", skip=2, code="ResourceLimitExceeded", message="No instance is left."),
    )
    running.server.control.settings = replace(quick, faults=faults)
    began, states, outcomes = time.time(), running.server.client("stepfunctions"), dict[str, Document]()
    for document in (
        with_environment("a", "observed-deployed", TOKEN=SECRET),
        with_environment("a", "observed-rejected", TOKEN=SECRET, TOO_LONG=TOO_LONG),
        with_environment("a", "observed-failed", TOKEN=SECRET),
    ):
        machine = running.outputs.state_machine_arn
        execution = states.start_execution(stateMachineArn=machine, input=json.dumps(document))["executionArn"]
        # The event is put before the function that puts it has ended, and its lines are there once it has.
        for _ in follow(states, execution, timeout=EXECUTION_SECONDS):
            pass
        outcome = running.outcome_of(execution)
        outcomes[outcome["Outcome"]] = outcome
    assert outcomes.keys() == {"Deployed", "Rejected", "Failed"}
    models = json.dumps(running.server.control.resources()["Models"])
    return Records(outcomes, messages_since(running, began), models)


def documented_fields() -> set[str]:
    """Return the fields of log lines that docs/operations.md names."""
    sentence = OPERATIONS.partition("Fields of each line: ")[2].partition(". A step")[0]
    return set(re.findall(r"`(\w+)`", sentence))


def documented_metrics() -> list[tuple[str, str, frozenset[str]]]:
    """Return name, unit and dimensions of each metric that docs/operations.md names."""
    table = OPERATIONS.partition("Metrics, in the namespace")[2].partition("`service` is always")[0]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]+) \|", table, re.MULTILINE)
    return [(name, unit, frozenset(re.findall(r"`(\w+)`", dimensions))) for name, unit, dimensions in rows]


def test_each_line_has_the_documented_fields(records: Records) -> None:
    """Every structured line of an execution bears them, also of a request that was refused."""
    fields = documented_fields()
    assert {"execution", "endpoint", "cold_start", "xray_trace_id"} <= fields

    missing = {
        outcome: {field for line in records.lines(outcome) for field in fields - line.keys()}
        for outcome in records.outcomes
    }

    assert all(records.lines(outcome) for outcome in records.outcomes)
    assert missing == {"Deployed": set(), "Failed": set(), "Rejected": set()}


def test_a_step_that_raises_is_logged(records: Records) -> None:
    """The retried error and the last one are there by name, with their cause and their endpoint."""
    raised = {
        (line["endpoint"], line["error"], line["level"])
        for outcome in ("Deployed", "Failed")
        for line in records.lines(outcome)
        if line["message"] == "Step raised" and line["cause"]
    }

    assert raised == {
        ("observed-deployed", RETRIED, "WARNING"),
        ("observed-failed", "QuotaExceededError", "WARNING"),
    }


@pytest.mark.parametrize("outcome", ["Deployed", "Rejected", "Failed"])
def test_last_log_line_has_the_members_of_the_event(records: Records, outcome: str) -> None:
    """The end of an execution is one line that has the fields of the event."""
    event = {field: value for field, value in records.outcomes[outcome].items() if field != "Execution"}

    (line,) = (line for line in records.lines(outcome) if line["message"] == "Deployment ended")

    assert {field: line[field] for field in event} == event


def test_each_documented_metric_is_published(records: Records) -> None:
    """Name, unit and dimensions are those of the documents, and nothing else is published; drift is the sweep's."""
    documented = {each for each in documented_metrics() if not each[0].startswith("Drift")}
    assert len(documented) == 4

    published = {(name, unit, frozenset(dimensions)) for name, unit, dimensions, _ in records.metrics()}

    assert published == documented


@pytest.mark.parametrize("outcome", ["Deployed", "Rejected", "Failed"])
def test_deployments_are_counted_and_timed_by_outcome(records: Records, outcome: str) -> None:
    """The duration is the event's own."""
    named = {"Stack": STACK_NAME, "Outcome": outcome, "service": "endpoint-deployer"}

    metrics = {name: values for name, _, dimensions, values in records.metrics() if dimensions == named}

    assert metrics == {"Deployments": [1.0], "DeploymentDuration": [records.outcomes[outcome]["DurationSeconds"]]}


def test_metrics_are_in_cloudwatch(stack: Stack, records: Records) -> None:
    """Local AWS takes them from the lines, as AWS does."""
    cloudwatch = stack.server.client("cloudwatch")
    name, unit, dimensions, _ = next(metric for metric in records.metrics() if metric[0] == "Deployments")
    now = datetime.now(UTC)

    answer = cloudwatch.get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=name,
        Dimensions=[{"Name": dimension, "Value": value} for dimension, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum"],
    )

    assert {point["Unit"] for point in answer["Datapoints"]} == {unit}
    assert sum(point["Sum"] for point in answer["Datapoints"]) >= 1


def test_errors_of_steps_are_counted_by_name(records: Records) -> None:
    """Retried ones count, too."""
    counted = [dimensions["Error"] for name, _, dimensions, _ in records.metrics() if name == "StepErrors"]

    assert sorted(counted) == [RETRIED, "InvalidRequestError", "QuotaExceededError"]


def test_no_secret_gets_out(records: Records) -> None:
    """The environment of a container is in SageMaker's model, and in no log, metric or event."""
    assert SECRET in records.models

    assert [message for message in records.messages if SECRET in message] == []
    assert SECRET not in json.dumps(records.outcomes)
