"""Changes of a live endpoint through SageMaker's own guardrails, and how they end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from deployer.json_document import Document
from local.simulator import Settings
from tests.machine.factories import (
    ALARM,
    CANARY,
    HOUR,
    LINEAR,
    config,
    container,
    deploy,
    moment_of,
    request,
    request_of,
    serves,
    variant,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.execution import Execution
    from local.virtual_time.world import World


SERVERLESS = {"VariantName": "A", "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}


def variants_seen(execution: Execution) -> list[list[Document]]:
    """Return the endpoint's variants in each answer of DescribeEndpoint."""
    answers = [json.loads(event["taskSubmittedEventDetails"]["output"]) for event in _submitted(execution)]
    return [answer["Payload"]["Variants"] for answer in answers]


def _submitted(execution: Execution) -> list[Document]:
    return [event for event in execution.events if event["type"] == "TaskSubmitted"]


def test_canary_shows_how_far_it_is(world: World) -> None:
    """Stages and counts of both fleets are in the execution's history while the endpoint is updated."""
    world.make_alarm(ALARM)
    deploy(world, "a")

    world.clock.sleep(60)
    execution = world.run(request("b", DeploymentConfig=CANARY))

    assert execution.states[-1] == "Deployed"
    stages = {(each["Fleet"], each["Stage"]) for variants in variants_seen(execution) for each in variants}
    assert ("New", "Creating") in stages
    assert {fleet for fleet, _ in stages} == {"Live", "New"}


def test_alarm_rolls_the_canary_back(world: World) -> None:
    """The endpoint serves what it served, and the alarm is named."""
    world.make_alarm(ALARM)
    deploy(world, "a")
    began = world.clock.now() + 60
    execution = world.machine.start(request("b", DeploymentConfig=CANARY), at=began)
    world.clock.spawn(lambda: world.make_alarm(ALARM, "ALARM"), name="alarm", at=began + 400)

    world.machine.run()

    assert execution.error == "UpdateRolledBackError"
    assert f"In state ALARM: {ALARM}." in execution.cause
    assert serves(world) == "a"
    assert world.count("UpdateEndpoint") == 1


def test_eight_hours_fit_an_execution(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A history of a few hundred events, and data of less than 64 KiB with 10 variants."""
    monkeypatch.setenv("DEPLOYMENT_TIMEOUT_SECONDS", "43200")
    models = {f"v{number}": container(f"v{number}") for number in range(10)}
    world.run(request_of(models))

    world.clock.sleep(60)
    began = world.clock.now()
    execution = world.run(request_of({**models, "v0": container("other")}, DeploymentConfig=LINEAR))

    assert execution.states[-1] == "Deployed"
    assert world.clock.now() - began > 8 * HOUR
    assert len(execution.events) < 500
    assert execution.largest_data < 64 * 1024


REJECTED: dict[str, tuple[Document, Document, str]] = {
    "other variant names": (
        config(variant("A")),
        {**config(variant("B")), "DeploymentConfig": LINEAR},
        "EndpointConfig.ProductionVariants: are B, and the live ones A; guardrails need the same variant names",
    ),
    "guardrails of what is serverless": (
        config(SERVERLESS),
        {**config(variant("A")), "DeploymentConfig": LINEAR},
        "DeploymentConfig: is not for serverless endpoints, which are live",
    ),
    "instances become serverless": (
        config(variant("A")),
        config(SERVERLESS),
        "EndpointConfig.ProductionVariants: are serverless, and the live ones run on instances",
    ),
    "an alarm that does not exist": (
        config(variant("A")),
        {
            **config(variant("A")),
            "DeploymentConfig": {**LINEAR, "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "x"}]}},
        },
        "DeploymentConfig.AutoRollbackConfiguration.Alarms[0].AlarmName: 'x' is not a CloudWatch alarm",
    ),
}


@pytest.mark.parametrize(("live", "change", "message"), REJECTED.values(), ids=REJECTED)
def test_change_that_sagemaker_would_refuse_or_downgrade_is_rejected(
    world: World, monkeypatch: pytest.MonkeyPatch, live: Document, change: Document, message: str
) -> None:
    """It is rejected by its field before anything is created."""
    monkeypatch.setenv("DEPLOYMENT_TIMEOUT_SECONDS", "43200")
    world.run(request("a", **live))
    before = world.names

    world.clock.sleep(60)
    execution = world.run(request("b", **change))

    assert execution.states[-1] == "Rejected"
    assert message in execution.cause
    assert world.names == before
    assert world.count("UpdateEndpoint") == 0


def test_update_that_cannot_start_is_rolled_back_with_its_reason(make_world: Callable[..., World]) -> None:
    """The new fleet does not come up: SageMaker goes back by itself, with its reason."""
    reason = "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error."
    world = make_world(Settings())
    deploy(world, "a")
    world.simulator.settings = Settings(failure_reasons={"*": reason})

    world.clock.sleep(60)
    execution = world.run(request("b"))

    assert execution.error == "UpdateRolledBackError"
    assert reason in execution.cause
    assert serves(world) == "a"


SLOW_CANARY: Document = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "WaitIntervalInSeconds": 3000,
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
        }
    }
}


@pytest.mark.parametrize("has_alarm", [True, False], ids=["with its alarm", "without"])
def test_rollback_ends_the_canary_that_it_waits_for(
    world: World, monkeypatch: pytest.MonkeyPatch, *, has_alarm: bool
) -> None:
    """The canary's run fails as aborted, and the endpoint serves what it served, after minutes instead of an hour."""
    monkeypatch.setenv("ABORT_ALARMS", "stack-role" if has_alarm else "none")
    deploy(world, "a")
    world.clock.sleep(60)
    canary = world.machine.start(request("b", DeploymentConfig=SLOW_CANARY))
    world.machine.run(world.clock.now() + 900)
    asked = world.clock.now()

    rollback = world.run({"EndpointName": "churn", "Rollback": True})

    minutes = (moment_of(rollback.events[-1]) - asked) / 60
    first = next(event for event in world.bus if event["Execution"] == canary.record["executionArn"])
    assert serves(world) == "a"
    if has_alarm:
        assert (canary.error, first["CauseClass"]) == ("UpdateRolledBackError", "Aborted")
        assert rollback.states[-1] == "NothingToDo"
        assert minutes < 15
    else:
        assert (canary.states[-1], rollback.states[-1]) == ("Deployed", "Deployed")
        assert minutes > 30


def test_canary_that_was_ended_can_be_requested_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The alarm is OK again before the next update begins."""
    monkeypatch.setenv("ABORT_ALARMS", "stack-role")
    deploy(world, "a")
    world.clock.sleep(60)
    canary = world.machine.start(request("b", DeploymentConfig=SLOW_CANARY))
    world.machine.run(world.clock.now() + 900)
    world.run({"EndpointName": "churn", "Rollback": True})
    world.clock.sleep(60)

    again = world.run(request("b", DeploymentConfig=SLOW_CANARY))

    assert (canary.states[-1], again.states[-1]) == ("Failed", "Deployed")
    assert serves(world) == "b"
