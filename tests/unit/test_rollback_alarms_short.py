"""After how many bad minutes the alarms of a request's short forms go into ALARM."""

from __future__ import annotations

import pytest

from deployer.json_document import Document
from deployer.request.rollback_alarms import expanded

CONFIG = {"ProductionVariants": [{"VariantName": "A"}]}
PARTS = {"errors": {"Errors": {"Percent": 5}}, "latency": {"Latency": {"P99Milliseconds": 250}}}


def alarm(wanted: Document) -> Document:
    """Return the one alarm that a short form stands for."""
    (found,) = expanded(wanted, "churn", CONFIG)
    return found


@pytest.mark.parametrize("wanted", PARTS.values(), ids=PARTS)
def test_two_bad_minutes_of_three_put_the_alarm_into_alarm(wanted: Document) -> None:
    """Values above the limit count, and a minute without invocations is a good one."""
    found = alarm(wanted)

    assert (found["EvaluationPeriods"], found["DatapointsToAlarm"]) == (3, 2)
    assert (found["ComparisonOperator"], found["TreatMissingData"]) == ("GreaterThanThreshold", "notBreaching")


def test_three_minutes_of_too_few_invocations_put_the_alarm_into_alarm() -> None:
    """A minute without any is a bad one."""
    found = alarm({"Invocations": {"MinimumPerMinute": 10}})

    assert (found["Period"], found["EvaluationPeriods"], found["DatapointsToAlarm"]) == (60, 3, 3)
    assert (found["ComparisonOperator"], found["TreatMissingData"]) == ("LessThanThreshold", "breaching")
    assert (found["Statistic"], found["Threshold"]) == ("Sum", 10)


def test_failed_invocations_are_counted_by_the_minute() -> None:
    metrics = alarm(PARTS["errors"])["Metrics"]

    assert [each["MetricStat"]["Period"] for each in metrics[:2]] == [60, 60]
    assert [each["MetricStat"]["Metric"]["MetricName"] for each in metrics[:2]] == [
        "Invocation5XXErrors",
        "Invocations",
    ]
    assert [each["ReturnData"] for each in metrics] == [False, False, True]


def test_latency_is_that_of_the_slowest_percent_in_microseconds() -> None:
    found = alarm(PARTS["latency"])

    assert (found["ExtendedStatistic"], found["Period"], found["Threshold"]) == ("p99", 60, 250_000)
