"""What the command line prints of a preview and of a status."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from endpoint_deployer.view.preview import print_preview
from endpoint_deployer.view.status import status_lines

CANARY = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "WaitIntervalInSeconds": 600,
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
        }
    },
    "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "churn-5xx"}]},
}
ROLLING = {
    "RollingUpdatePolicy": {"MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 2}, "WaitIntervalInSeconds": 60}
}


SCALED = [
    {"VariantName": name, "MinCapacity": 1, "MaxCapacity": 4, "Current": current}
    for name, current in (("A", 2), ("B", None))
]


def preview(**changed: Any) -> dict[str, Any]:
    """Build a preview of an update that changes nothing but what is given."""
    return {
        "Action": "Update",
        "Creates": {},
        "Copies": [],
        "Changes": [],
        "ChangesLeftOut": 0,
        "Instances": [],
        "Guardrails": None,
        "SmokeTest": False,
        "WayBack": None,
        "Sweepable": [],
        "Warnings": [],
        **changed,
    }


def printed(document: dict[str, Any]) -> list[str]:
    """Print a preview into a pipe; return the lines."""
    text = io.StringIO()
    print_preview(Console(file=text, width=40, highlight=False), "churn", document)
    return text.getvalue().splitlines()


def test_fields_stand_below_their_part_with_a_sign_each() -> None:
    changes = [
        {"Path": "EndpointConfig.ProductionVariants[A].InstanceType", "Before": "ml.m5.large", "After": "ml.c5.large"},
        {"Path": "EndpointConfig.ProductionVariants[A].InitialInstanceCount", "After": 2},
        {"Path": "Tags.team", "Before": "[bold]"},
    ]

    lines = printed(preview(Changes=changes, ChangesLeftOut=3))

    assert lines == [
        "churn would be updated",
        "  EndpointConfig.ProductionVariants[A]",
        "    ~ InstanceType: ml.m5.large → ml.c5.large",
        "    + InitialInstanceCount: 2",
        "  Tags",
        "    - team: [bold]",
        "  … and 3 more",
        "Fields: 1 added, 1 removed, 1 changed.",
    ]


def test_long_values_stand_below_each_other() -> None:
    lines = printed(preview(Changes=[{"Path": "Models.m.ModelDataUrl", "Before": "a" * 80, "After": "b" * 80}]))

    assert lines[1:5] == ["  Models.m", "    ~ ModelDataUrl:", f"        {'a' * 80}", f"        {'b' * 80}"]


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"Creates": {"Models": ["m"], "EndpointConfig": "c", "Endpoint": None}}, "creates            m, c"),
        ({"Copies": [{"From": "s3://a", "To": "s3://b", "Bytes": 2e6}]}, "copies             s3://a (2.0 MB)"),
        ({"Guardrails": CANARY}, "guardrails         CANARY of 10 %, 600 s between steps, rolled back by churn-5xx"),
        (
            {"RollbackAlarms": [{"AlarmName": "a", "AlarmDescription": "Many fail."}, {"AlarmName": "b"}]},
            "makes alarms       Many fail., b",
        ),
        ({"ScalingAlarms": [{"AlarmName": "s"}]}, "makes alarms       s"),
        ({"Guardrails": ROLLING}, "guardrails         ROLLING of 2 instances, 60 s between steps"),
        ({"SmokeTest": True}, "smoke test         yes"),
        ({"Approval": True}, "approval           a person has to approve it"),
        ({"WayBack": "deleted"}, "way back           a failure deletes the endpoint"),
        ({"WayBack": "churn-1"}, "way back           a failure restores churn-1"),
        ({"Sweepable": ["churn-0"]}, "no longer retained churn-0"),
    ],
)
def test_each_fact_has_a_line(changed: dict[str, Any], line: str) -> None:
    assert f"  {line}" in printed(preview(**changed))


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (None, {"InstanceType": "ml.m5.large", "Count": 1}, "A: none → 1 x ml.m5.large"),
        ({"InstanceType": "serverless", "Count": 0}, {"InstanceType": "serverless", "Count": 0}, "A: serverless"),
    ],
)
def test_instances_are_shown_before_and_after(before: Any, after: Any, text: str) -> None:
    lines = printed(preview(Instances=[{"VariantName": "A", "Before": before, "After": after}]))

    assert f"  instances          {text}" in lines


def test_warning_has_a_line_of_its_own() -> None:
    assert "! mind [this]" in printed(preview(Warnings=["mind [this]"]))


CONFIG = {"Revision": "churn-1", "Config": "churn-1"}


def test_status_shows_live_revisions_and_waiting_executions() -> None:
    moment = "2026-11-24T12:00:00+00:00"
    common = {"Revision": "churn-2", "StartedAt": moment, "Since": moment, "Trigger": "upload of [x]", "Reason": ""}
    status = {
        "EndpointName": "churn",
        "Status": "Updating",
        "FailureReason": None,
        "Live": {**CONFIG, "Since": moment, "State": "deployed", "Trigger": "by hand: a", "Execution": "e"},
        "Endpoint": {"EndpointStatus": "Updating"},
        "Drift": ["ModelDeleted", "ConfigReplaced"],
        "Repair": "arn:aws:states:us-east-1:111122223333:execution:deploy:repair-1",
        "Alarms": ["mine/rollback/churn-0123456789ab"],
        "Scaling": SCALED,
        "Runs": [{**common, "Execution": "run-1", "State": "DescribeEndpoint", "NextLook": moment}],
        "Waiting": [
            {**common, "Execution": "run-2", "State": "WaitForOtherDeployment", "NextLook": None, "Reason": "[busy]"}
        ],
    }
    printed_text = io.StringIO()
    console = Console(file=printed_text, width=200, highlight=False)

    console.print(*status_lines(status), sep="\n")

    text = printed_text.getvalue()
    assert [line.split()[:2] for line in text.splitlines()] == [
        ["churn", "Updating"],
        ["live", "churn-1"],
        ["by", "by"],
        ["drift", "ModelDeleted,"],
        ["repair", "repair-1"],
        ["scaling", "A:"],
        ["scaling", "B:"],
        ["alarm", "mine/rollback/churn-0123456789ab"],
        ["running", "run-1:"],
        ["waiting", "run-2:"],
    ]
    assert "next look by" in text
    assert "scaling  A: 2, from 1 to 4\n  scaling  B: unknown, from 1 to 4\n" in text
    assert "upload of [x]\n" in text
    assert "upload of [x] · [busy]" in text


def test_status_of_a_missing_endpoint_is_that_it_is_missing() -> None:
    status: dict[str, Any] = {
        "EndpointName": "churn",
        "Status": None,
        "FailureReason": None,
        "Live": None,
        "Endpoint": None,
        "Drift": [],
        "Repair": None,
        "Alarms": [],
        "Scaling": [],
        "Runs": [],
        "Waiting": [],
    }

    assert [*status_lines(status)] == ["[bold]churn[/] [yellow]does not exist[/]"]
