"""Alarms and dashboard speak of metrics that there are, by the dimensions that they have."""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import Any

import pytest
from aws_lambda_powertools.metrics import MetricUnit

from deployer import errors
from deployer.outcome import Outcome
from deployer.runtime import METRICS_NAMESPACE, measure

MEASURES = {"Deployments": "Outcome", "DeploymentDuration": "Outcome", "StepErrors": "Error"}
"""Our own metrics, each with the dimension that it is told apart by."""


@pytest.fixture
def alarms(resources: dict[str, Any]) -> dict[str, Any]:
    """The properties of the alarms by logical id."""
    return {
        name: resource["Properties"] for name, resource in resources.items() if resource["Type"].endswith("::Alarm")
    }


@pytest.fixture
def dashboard(resources: dict[str, Any]) -> dict[str, Any]:
    """The dashboard's body; what CloudFormation fills in is 1, alone or in a text."""
    text = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    body: dict[str, Any] = json.loads(re.sub(r"\$\{[\w:.]+\}", "1", text))
    return body


@pytest.fixture
def emitted(
    template: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, set[str]]:
    """The dimensions of each of our metrics, as the functions write them."""
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", variables["POWERTOOLS_SERVICE_NAME"])
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    monkeypatch.setenv("STACK_NAME", "test")

    for name, dimension in MEASURES.items():
        measure(name, 1, MetricUnit.Count, **{dimension: "one"})

    lines = [json.loads(line)["_aws"]["CloudWatchMetrics"][0] for line in capsys.readouterr().out.splitlines()]
    return {line["Metrics"][0]["Name"]: set(line["Dimensions"][0]) for line in lines}


def test_alarms_watch_metrics_that_are_written(
    template: dict[str, Any], alarms: dict[str, Any], emitted: dict[str, set[str]]
) -> None:
    """An alarm on a metric without one of its dimensions watches another metric, which never has a value."""
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    values = {
        "Stack": [variables["STACK_NAME"]],
        "Outcome": list(Outcome),
        "Error": list(vars(errors)),
        "service": [variables["POWERTOOLS_SERVICE_NAME"]],
    }
    own = [alarm for alarm in alarms.values() if alarm["Namespace"] == METRICS_NAMESPACE]

    assert own
    for alarm in own:
        dimensions = {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]}

        assert set(dimensions) == emitted[alarm["MetricName"]]
        assert all(value in values[name] for name, value in dimensions.items())


def test_alarms_notify_if_anybody_listens(alarms: dict[str, Any]) -> None:
    """All alarms go the same way, are quiet while nothing happens, and say where to read on."""
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == {"Fn::If": ["Notifies", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["AlarmDescription"].endswith("See docs/operations.md.")
        assert len(alarm["AlarmDescription"]) <= 1024


def test_alarms_are_of_this_state_machine(alarms: dict[str, Any]) -> None:
    """The metrics of Step Functions are of this stack's state machine, and cover both its ways of not succeeding."""
    watched = {
        alarm["MetricName"]: alarm["Dimensions"] for alarm in alarms.values() if alarm["Namespace"] == "AWS/States"
    }

    assert set(watched) == {"ExecutionsFailed", "ExecutionsTimedOut", "ExecutionTime"}
    assert all(
        dimensions == [{"Name": "StateMachineArn", "Value": {"Ref": "DeployEndpointStateMachine"}}]
        for dimensions in watched.values()
    )


def test_the_dashboard_shows_every_alarm_and_function(resources: dict[str, Any], alarms: dict[str, Any]) -> None:
    """Nothing that is added to the stack is forgotten there."""
    text = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    functions = {name for name, resource in resources.items() if resource["Type"] == "AWS::Serverless::Function"}

    assert {name for name in alarms if f'"${{{name}.Arn}}"' in text} == set(alarms)
    assert {name for name in functions if f'"${{{name}}}"' in text} == functions


def test_the_dashboard_searches_metrics_that_are_written(
    dashboard: dict[str, Any], emitted: dict[str, set[str]]
) -> None:
    """A search finds the metrics that have exactly the dimensions it names."""
    searches = [
        metric["expression"]
        for widget in dashboard["widgets"]
        for row in widget["properties"].get("metrics", [])
        for metric in row
        if isinstance(metric, dict) and "expression" in metric
    ]

    found = {}
    for search in searches:
        schema, name = re.fullmatch(
            r"""SEARCH\('\{([\w,]+)\} Stack="1" MetricName="(\w+)"', '(?:Sum|Maximum)', \d+\)""", search
        ).groups()  # type: ignore[union-attr]
        namespace, *dimensions = schema.split(",")
        found[name] = set(dimensions)
        assert namespace == METRICS_NAMESPACE

    assert found == emitted


def test_the_widgets_have_places_of_their_own(dashboard: dict[str, Any]) -> None:
    """CloudWatch's grid has 24 columns, and no two widgets lie upon each other."""
    cells = [
        {
            (column, row)
            for column in range(widget["x"], widget["x"] + widget["width"])
            for row in range(widget["y"], widget["y"] + widget["height"])
        }
        for widget in dashboard["widgets"]
    ]

    assert max(column for widget in cells for column, _ in widget) < 24
    assert not any(one & other for one, other in combinations(cells, 2))
