"""A report of an execution that failed, as `report` gathers it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from endpoint_deployer.aws.history import Moment
from endpoint_deployer.report.timeline import looks_of, visits_of
from tests.template.shipped import read_definition

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
NASTY = '</script><script>alert("&")</script>'


def moment(seconds: float, state: str, kind: str, **more: Any) -> Moment:
    """Build what happened some seconds after noon."""
    return Moment(NOON + timedelta(seconds=seconds), state, kind, **more)


def look(seconds: float, status: str, share: float) -> Moment:
    """Build a look at an endpoint of which the new fleet has a share of the traffic."""
    variants = [
        {"VariantName": "A", "Fleet": "Live", "Stage": None, "Weight": 2.0},
        {"VariantName": "A", "Fleet": "New", "Stage": "Baking", "Weight": 2.0 * share},
    ]
    payload = {"Payload": {"InService": False, "EndpointStatus": status, "Variants": variants}}
    return moment(seconds, "DescribeEndpoint", "TaskSubmitted", data=payload)


MOMENTS = [
    moment(0, "", "ExecutionStarted"),
    moment(0, "PlanDeployment", "TaskStateEntered"),
    moment(0, "PlanDeployment", "LambdaFunctionScheduled"),
    moment(1, "PlanDeployment", "LambdaFunctionFailed", error="SageMakerThrottledError", cause="Rate exceeded"),
    moment(3, "PlanDeployment", "LambdaFunctionScheduled"),
    moment(4, "PlanDeployment", "TaskStateExited"),
    moment(4, "ChooseAction", "ChoiceStateEntered"),
    moment(4, "StoreRevision", "TaskStateEntered"),
    moment(4, "StoreRevision", "LambdaFunctionScheduled"),
    moment(5, "StoreRevision", "TaskStateExited"),
    moment(5, "DescribeEndpoint", "TaskStateEntered"),
    moment(5, "DescribeEndpoint", "TaskScheduled"),
    look(6, "Updating", 0.1),
    moment(60, "DescribeEndpoint", "TaskTimedOut", error="States.Timeout"),
    moment(60, "DescribeEndpoint", "TaskScheduled"),
    look(61, "Updating", 1.0),
    moment(70, "DescribeEndpoint", "TaskFailed", error="EndpointFailedError", cause=NASTY),
    moment(71, "DescribeEndpoint", "TaskStateExited"),
    moment(71, "Failed", "FailStateEntered"),
    moment(71, "", "ExecutionFailed", error="EndpointFailedError"),
]
VISITS = [visit.document() for visit in visits_of(MOMENTS)]


def report(**changed: Any) -> dict[str, Any]:
    """Build the data of a report."""
    return {
        "EndpointName": "churn",
        "Outcome": "Failed",
        "Title": "by hand",
        "Error": "EndpointFailedError",
        "Cause": NASTY,
        "Meaning": {"what to do": "Read the reason."},
        "StartedAt": NOON.isoformat(),
        "EndedAt": (NOON + timedelta(seconds=71)).isoformat(),
        "Until": (NOON + timedelta(seconds=71)).isoformat(),
        "Execution": "arn:aws:states:us-east-1:111122223333:execution:deploy:run-1",
        "Alarms": [{"AlarmName": "churn-5xx", "At": NOON.isoformat(), "Reason": "errors"}],
        "LogLines": ["Traceback", NASTY],
        "Visits": VISITS,
        "Looks": [*looks_of(MOMENTS)],
        "Changes": [{"Path": "Tags.team", "Before": "a", "After": NASTY}],
        "Definition": read_definition("DeployEndpoint"),
        **changed,
    }
