"""The metrics that local AWS takes from the lines of logs."""

from __future__ import annotations

import json
from typing import Any

from ministack.services import cloudwatch, cloudwatch_logs

from local.aws.corrections import metrics_of

LINE = json.dumps(
    {
        "_aws": {
            "Timestamp": 1,
            "CloudWatchMetrics": [
                {
                    "Namespace": "EndpointDeployer",
                    "Dimensions": [["Stack", "Outcome"], ["Stack"]],
                    "Metrics": [{"Name": "Deployments", "Unit": "Count"}],
                }
            ],
        },
        "Stack": "mine",
        "Outcome": "Failed",
        "Deployments": [1.0, 2.0],
    }
)


def test_line_holds_each_value_for_each_set_of_dimensions() -> None:
    found = [*metrics_of(LINE)]

    assert [(each["dimensions"], each["value"]) for each in found] == [
        ({"Stack": "mine", "Outcome": "Failed"}, 1.0),
        ({"Stack": "mine", "Outcome": "Failed"}, 2.0),
        ({"Stack": "mine"}, 1.0),
        ({"Stack": "mine"}, 2.0),
    ]
    assert {(each["namespace"], each["metric_name"], each["unit"]) for each in found} == {
        ("EndpointDeployer", "Deployments", "Count")
    }


def test_line_of_text_holds_none() -> None:
    assert [*metrics_of("START RequestId: 1"), *metrics_of('{"level": "INFO"}')] == []


def test_ministack_keeps_the_lines_only() -> None:
    """Once this fails, `publish_metrics_of_logs` is no longer needed."""
    stream: dict[str, Any] = {"events": [], "firstEventTimestamp": None, "lastEventTimestamp": None}
    before = len(cloudwatch._metrics)

    cloudwatch_logs._append_log_events(stream, [{"timestamp": 1, "ingestionTime": 1, "message": LINE}])

    assert len(stream["events"]) == 1
    assert len(cloudwatch._metrics) == before
