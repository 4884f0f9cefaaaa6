"""What the command line knows of the alarms that the deployer makes; it imports nothing of the deployer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from deployer.planning.rollback_alarms import rollback_alarms, with_whole_alarms
from endpoint_deployer.aws.alarms import in_alarm, names_of
from tests.unit.planning_samples import complete_request
from tests.unit.request_samples import percent, routing

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = {"BlueGreenUpdatePolicy": routing("CANARY", CanarySize=percent(10))}
NAMED = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "churn-5xx"}]}}


@pytest.mark.parametrize("deployment", [{**CANARY, **NAMED}, CANARY, None], ids=["with others", "alone", "unguarded"])
def test_alarms_have_the_names_that_the_deployer_gives_them(deployment: Any) -> None:
    short = {"Errors": {"Percent": 1.5}, "Latency": {"P99Milliseconds": 500}}
    request = with_whole_alarms(complete_request(DeploymentConfig=deployment, RollbackAlarms=short), {})
    stack: Any = SimpleNamespace(name="mine")

    names = names_of(stack, request)

    assert [name for name in names if name != "churn-5xx"] == [*rollback_alarms(request, "mine")]
    assert ("churn-5xx" in names) == ("AutoRollbackConfiguration" in (deployment or {}))


def test_request_without_alarms_names_none() -> None:
    """The data of an execution that has not been planned name none either."""
    stack: Any = SimpleNamespace(name="mine")

    assert names_of(stack, {}) == names_of(stack, complete_request()) == []


@pytest.fixture
def client() -> Iterator[Any]:
    """A client of CloudWatch, in an empty account."""
    with mock_aws():
        yield boto3.client("cloudwatch")


def test_alarms_in_the_state_alarm_are_listed_by_endpoint(client: Any) -> None:
    stack: Any = SimpleNamespace(name="mine", client=lambda _: client)
    states = {"churn-0123456789ab": "ALARM", "churn-eu-0123456789ab": "ALARM", "other-0123456789ab": "OK"}
    for name, state in states.items():
        client.put_metric_alarm(
            AlarmName=f"mine/rollback/{name}",
            Namespace="AWS/SageMaker",
            MetricName="Invocations",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="LessThanThreshold",
        )
        client.set_alarm_state(AlarmName=f"mine/rollback/{name}", StateValue=state, StateReason="a test says so")

    found = in_alarm(stack)

    assert found == {
        "churn": ["mine/rollback/churn-0123456789ab"],
        "churn-eu": ["mine/rollback/churn-eu-0123456789ab"],
    }
