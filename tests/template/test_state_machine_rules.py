"""The rules that the state machines keep, whatever they do."""

from __future__ import annotations

import json
import re

import pytest

from deployer.json_document import Document
from tests.template.shipped import (
    MACHINES,
    ROOT,
    SHARED,
    is_callback,
    reachable,
    read_definition,
    targets,
    tasks_of,
)
from tests.template.state_machine_tasks import every_machine, every_task

LINES = {"DeployEndpoint": 450, "SweepUnused": 60}
"""How long a definition may become before nobody reads it to its end any more."""


@every_machine
def test_definition_can_be_read_in_one_sitting(machine: str) -> None:
    text = (ROOT / "statemachine" / f"{MACHINES[machine]}.asl.json").read_text()

    assert len(text.splitlines()) <= LINES[machine]
    assert max(len(line) for line in text.splitlines() if '{"ErrorEquals"' not in line) <= 120


@every_machine
def test_every_state_has_a_comment(machine: str) -> None:
    """Each state has a comment that reads as a sentence; those in which a failure ends have a name that says it."""
    for name, state in read_definition(machine)["States"].items():
        assert state.get("Comment", "." if state["Type"] == "Fail" else "").endswith("."), name


@every_task
def test_task_ends_later_than_its_function(resources: Document, name: str, task: Document) -> None:
    """Each state has a timeout, which leaves its function all its time; a callback's is that of its wait."""
    if is_callback(task):
        assert task["TimeoutSecondsPath"] in {"$.Endpoint.LookSeconds", "$.Plan.WaitSeconds"}, name
    else:
        function = resources[f"{SHARED.get(name, name)}Function"]["Properties"]
        assert task["TimeoutSeconds"] - function.get("Timeout", 60) in {15, 30}, name


@every_machine
def test_every_state_can_be_reached_and_left(machine: str) -> None:
    """There is not a state without a way in, and none but the terminals without a way out."""
    definition = read_definition(machine)
    states = definition["States"]

    assert reachable(states, definition["StartAt"]) == set(states)
    for name, state in states.items():
        assert bool(targets(state)) != (state["Type"] in {"Succeed", "Fail"}), name


def test_endpoint_is_restored_after_failures_of_the_steps_that_may_have_touched_it(definition: Document) -> None:
    """Failures before that need nothing; at the deadline SageMaker is left to its work."""
    following = {
        name: {catcher["Next"] for catcher in task["Catch"] if catcher["ErrorEquals"] == ["States.ALL"]}
        for name, task in tasks_of(definition).items()
    }

    assert {name for name, states in following.items() if states == {"RestoreEndpoint"}} == {
        "CreateEndpoint",
        "UpdateEndpoint",
        "UpdateWeights",
        "DescribeEndpoint",
        "SmokeTestEndpoint",
        "UpdateTags",
        "RegisterScaling",
        "RecordDeployment",
    }
    assert following.pop("PlanDeployment") == {"AnnounceRejection"}
    assert following.pop("AnnounceOutcome") == following.pop("AnnounceRejection") == {"EndUnannounced"}
    assert set().union(*following.values()) == {"RestoreEndpoint", "AnnounceOutcome"}


def test_steps_get_only_the_data_that_they_need(definition: Document) -> None:
    """An execution's data hold 256 KiB, and the input may have as much: no step gets both the input and the plan."""
    for name, task in tasks_of(definition).items():
        paths = re.findall(r'\.\$": "(\$[^"]*)"', json.dumps(task["Parameters"]))

        assert "$" not in paths, name
        assert not ("$$.Execution.Input" in paths and any(path.startswith("$.Plan") for path in paths)), name
    assert "$.Plan" not in re.findall(r'"(\$[^"]*)"', json.dumps(definition["States"]["AnnounceOutcome"]["Parameters"]))


@pytest.mark.parametrize(
    ("wait", "path"),
    [("WaitForOtherDeployment", "$.Plan.WaitSeconds"), ("WaitForRestoration", "$.Restore.PollSeconds")],
)
def test_steps_return_the_seconds_to_wait(definition: Document, wait: str, path: str) -> None:
    assert definition["States"][wait]["SecondsPath"] == path


def test_looks_at_the_endpoint_without_an_event_become_rarer(definition: Document) -> None:
    """The other data of the endpoint stay."""
    states = definition["States"]
    kept = set(states["ReceiveRequest"]["Result"]["Endpoint"]) - {"LookSeconds"}
    doubled = {"LookSeconds.$": "States.MathAdd($.Endpoint.LookSeconds, $.Endpoint.LookSeconds)"}

    assert states["LookLessOften"]["Parameters"] == doubled | {f"{each}.$": f"$.Endpoint.{each}" for each in kept}
    assert states["LookLessOften"]["ResultPath"] == "$.Endpoint"
    assert states["LookLessOften"]["Next"] == "DescribeEndpoint"


def test_answer_to_the_wait_has_the_time_of_the_next_look(definition: Document) -> None:
    """It takes the place of what was known, so the functions that answer get that."""
    states, look = definition["States"], definition["States"]["DescribeEndpoint"]

    assert look["ResultPath"] == "$.Endpoint"
    assert {f"{each}.$" for each in states["ReceiveRequest"]["Result"]["Endpoint"]} <= look["Parameters"][
        "Payload"
    ].keys()
    assert look["TimeoutSecondsPath"] == "$.Endpoint.LookSeconds"
    assert states["IsInService"]["Default"] == "DescribeEndpoint"
