"""The adapter of CloudWatch, as far as it makes, lists and deletes alarms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from deployer.aws.monitoring import Monitoring
from deployer.errors import (
    AccessDeniedError,
    AlarmRejectedError,
    DeployerError,
    MonitoringUnavailableError,
    QuotaExceededError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.json_document import Document

TAGS = [{"Key": "endpoint-deployer:stack", "Value": "mine"}]


def alarm(name: str, **changed: Any) -> Document:
    """Build a PutMetricAlarm request."""
    metric = {"Namespace": "Shop", "MetricName": "Purchases", "Statistic": "Sum", "Period": 60}
    rule = {"EvaluationPeriods": 1, "Threshold": 5, "ComparisonOperator": "LessThanThreshold"}
    return {"AlarmName": name, **metric, **rule, **changed}


@pytest.fixture
def client() -> Iterator[Any]:
    """A client of CloudWatch, in an empty account."""
    with mock_aws():
        yield boto3.client("cloudwatch")


@pytest.fixture
def monitoring(client: Any) -> Monitoring:
    """The adapter of that account."""
    return Monitoring(lambda _: client)


def test_made_alarm_is_tagged_and_described_as_requested(client: Any, monitoring: Monitoring) -> None:
    monitoring.make_alarm(alarm("a", TreatMissingData="breaching"), TAGS)

    described = monitoring.alarms(["a"])["a"]
    assert described.items() >= alarm("a", TreatMissingData="breaching").items()
    assert client.list_tags_for_resource(ResourceARN=described["AlarmArn"])["Tags"] == TAGS


def test_only_alarms_in_the_state_alarm_are_returned(monitoring: Monitoring) -> None:
    """They have the time of the change, to distinguish an earlier abort from this one."""
    before = datetime.now(UTC) - timedelta(seconds=1)
    for name in ("a", "b"):
        monitoring.make_alarm(alarm(name), TAGS)
    monitoring.set_off("b", "a test says so")

    found = monitoring.in_alarm_since(["a", "b", "gone"])

    assert [*found] == ["b"]
    assert before < found["b"] <= datetime.now(UTC)


def test_alarms_are_listed_by_the_beginning_of_their_names(monitoring: Monitoring) -> None:
    for name in ("mine/abort/churn", "mine/rollback/churn-1", "mine-2/abort/churn"):
        monitoring.make_alarm(alarm(name), TAGS)

    assert [each["AlarmName"] for each in monitoring.list_alarms("mine/abort/")] == ["mine/abort/churn"]


def test_listing_goes_on_with_the_next_page(client: Any, monitoring: Monitoring) -> None:
    asked = {"AlarmNamePrefix": "mine/", "AlarmTypes": ["MetricAlarm"], "MaxRecords": 100}
    with Stubber(client) as stubber:
        page = {"MetricAlarms": [{"AlarmName": "a"}], "NextToken": "more"}
        stubber.add_response("describe_alarms", page, asked)
        stubber.add_response("describe_alarms", {"MetricAlarms": [{"AlarmName": "b"}]}, {**asked, "NextToken": "more"})

        assert [each["AlarmName"] for each in monitoring.list_alarms("mine/")] == ["a", "b"]


def test_deleted_alarm_does_not_exist(monitoring: Monitoring) -> None:
    for name in ("a", "b"):
        monitoring.make_alarm(alarm(name), TAGS)

    monitoring.delete_alarm("a")

    assert [*monitoring.alarms(["a", "b"])] == ["b"]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ValidationError", AlarmRejectedError),
        ("InvalidParameterCombination", AlarmRejectedError),
        ("LimitExceeded", QuotaExceededError),
        ("LimitExceededFault", QuotaExceededError),
        ("AccessDenied", AccessDeniedError),
        ("Throttling", MonitoringUnavailableError),
        ("InternalServiceFault", MonitoringUnavailableError),
    ],
)
def test_permanent_errors_differ_from_transient_ones(
    client: Any, monitoring: Monitoring, code: str, error: type[DeployerError]
) -> None:
    """Only what passes is retried."""
    with Stubber(client) as stubber:
        stubber.add_client_error("put_metric_alarm", code, "the reason")

        with pytest.raises(error, match=r"^put_metric_alarm: .*the reason$"):
            monitoring.make_alarm(alarm("a"), TAGS)
