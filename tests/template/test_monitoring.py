"""Alarms and dashboard speak of metrics that there are, by the dimensions that they have."""

from __future__ import annotations

import json
import re
from itertools import combinations

import pytest
from aws_lambda_powertools.metrics import MetricUnit

from deployer import errors
from deployer.json_document import Document
from deployer.outcome import Outcome
from deployer.runtime import METRICS_NAMESPACE, measure
from tests.template.shipped import FUNCTIONS

MEASURES = {
    "Deployments": ["Outcome"],
    "DeploymentDuration": ["Outcome"],
    "StepErrors": ["Error"],
    "SweptResources": ["Kind"],
    "SweepRefusals": [],
    "VisibilityLag": [],
    "Drift": ["Kind"],
    "DriftFindings": [],
}
"""Our own metrics, each with its dimensions beside those that all of them have."""

STAY = {"DriftDetectedAlarm"}
"""Alarms whose metric has a value after each sweep only, and that stay as they are in between."""


@pytest.fixture
def alarms(resources: Document) -> Document:
    """The properties of the alarms by logical id."""
    return {
        name: resource["Properties"] for name, resource in resources.items() if resource["Type"].endswith("::Alarm")
    }


@pytest.fixture
def dashboard(resources: Document) -> Document:
    """The dashboard's body; what CloudFormation fills in is 1, alone or in a text."""
    text = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    body: Document = json.loads(re.sub(r"\$\{[\w:.]+\}", "1", text))
    return body


@pytest.fixture
def emitted(
    template: Document, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, set[str]]:
    """The dimensions of each of our metrics, as the functions write them."""
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", variables["POWERTOOLS_SERVICE_NAME"])
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    monkeypatch.setenv("STACK_NAME", "test")

    for name, dimensions in MEASURES.items():
        measure(name, 1, MetricUnit.Count, **dict.fromkeys(dimensions, "one"))

    lines = [json.loads(line)["_aws"]["CloudWatchMetrics"][0] for line in capsys.readouterr().out.splitlines()]
    return {line["Metrics"][0]["Name"]: set(line["Dimensions"][0]) for line in lines}


def test_alarms_watch_metrics_that_are_written(
    template: Document, alarms: Document, emitted: dict[str, set[str]]
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


def test_alarms_notify_the_topic_if_there_is_one(alarms: Document) -> None:
    """All alarms go the same way, are quiet while nothing happens, and say where to read on."""
    for name, alarm in alarms.items():
        assert alarm["AlarmActions"] == {"Fn::If": ["Notifies", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
        assert alarm["TreatMissingData"] == ("ignore" if name in STAY else "notBreaching")
        assert alarm["AlarmDescription"].endswith("See docs/operations.md.")
        assert len(alarm["AlarmDescription"]) <= 1024


def test_alarms_are_of_this_stack(alarms: Document) -> None:
    """The metrics of Step Functions are of this stack's state machines, and cover all ways of not succeeding."""
    watched = {
        (dimension["Value"]["Ref"], alarm["MetricName"])
        for alarm in alarms.values()
        if alarm["Namespace"] == "AWS/States"
        for dimension in alarm["Dimensions"]
    }

    assert watched == {
        ("DeployEndpointStateMachine", "ExecutionsFailed"),
        ("DeployEndpointStateMachine", "ExecutionsTimedOut"),
        ("SweepUnusedStateMachine", "ExecutionsFailed"),
        ("SweepUnusedStateMachine", "ExecutionsTimedOut"),
    }


def test_all_measures_are_known() -> None:
    """Each metric of a function is on the dashboard or in an alarm."""
    measured = {
        name for path in FUNCTIONS.rglob("*.py") for name in re.findall(r'\bmeasure\(\s*"(\w+)"', path.read_text())
    }

    assert measured == set(MEASURES)


def test_the_dashboard_shows_every_alarm(resources: Document, alarms: Document) -> None:
    """Nothing that is added to the stack is forgotten there."""
    text = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]

    assert {name for name in alarms if f'"${{{name}.Arn}}"' in text} == set(alarms)


def test_the_dashboard_shows_every_function_by_its_name(resources: Document, dashboard: Document) -> None:
    """CloudFormation begins the name of a function with that of the stack, unless the template names it."""
    functions = [each for each in resources.values() if each["Type"] == "AWS::Serverless::Function"]
    rows = [row[0] for widget in dashboard["widgets"] for row in widget["properties"].get("metrics", [])]

    searches = [row["expression"] for row in rows if isinstance(row, dict) and "AWS/Lambda" in row["expression"]]

    assert not any("FunctionName" in function["Properties"] for function in functions)
    assert searches == ["SEARCH('{AWS/Lambda,FunctionName} FunctionName=1 MetricName=\"Errors\"', 'Sum', 300)"]


def test_the_dashboard_shows_metrics_that_are_written(dashboard: Document, emitted: dict[str, set[str]]) -> None:
    """A search finds the metrics that have exactly the dimensions it names, and so does a metric by its name."""
    found = {}
    for widget in dashboard["widgets"]:
        for row in widget["properties"].get("metrics", []):
            if isinstance(row[0], dict):
                namespace, name, dimensions = searched(row[0]["expression"])
            else:
                namespace, name, *pairs = row
                dimensions = pairs[::2]
            if namespace == METRICS_NAMESPACE:
                found[name] = set(dimensions)

    assert found == emitted


def searched(expression: str) -> tuple[str, str, list[str]]:
    """Return the namespace, the metric's name and its dimensions that a search looks for."""
    pattern = r"""SEARCH\('\{([\w,/]+)\} (?:Stack="1"|FunctionName=1) MetricName="(\w+)"', '(?:Sum|Maximum)', \d+\)"""
    match = re.fullmatch(pattern, expression)
    assert match, expression
    namespace, *dimensions = match[1].split(",")
    return namespace, match[2], dimensions


def test_the_widgets_have_places_of_their_own(dashboard: Document) -> None:
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
