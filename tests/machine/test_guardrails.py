"""Changes of a live endpoint through SageMaker's own guardrails, and what the plan knows of them before they start."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.simulator import Settings
from tests.machine.factories import ALARM, CANARY, REGISTRY, deploy, request, serves

LINEAR: dict[str, Any] = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "LINEAR",
            "WaitIntervalInSeconds": 3600,
            "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 13},
        }
    }
}
"""Eight steps of an hour."""


def variant(name: str = "AllTraffic", **changed: Any) -> dict[str, Any]:
    """Build a variant on instances."""
    return {"VariantName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1, **changed}


def on(*variants: dict[str, Any]) -> dict[str, Any]:
    """Build an endpoint config, as member of a request."""
    return {"EndpointConfig": {"ProductionVariants": [*variants]}}


def seen(execution: Any) -> list[list[dict[str, Any]]]:
    """Return what DescribeEndpoint put into the execution's data, each time."""
    return [
        json.loads(event["stateEnteredEventDetails"]["input"])["Endpoint"]["Variants"]
        for event in execution.events
        if event.get("stateEnteredEventDetails", {}).get("name") == "IsInService"
    ]


def test_a_canary_shows_how_far_it_is(world: Any) -> None:
    """Stages and counts of both fleets are in the execution's data while the endpoint is updated."""
    world.make_alarm(ALARM)
    deploy(world, "a")

    world.clock.sleep(60)
    execution = world.run(request("b", DeploymentConfig=CANARY))

    assert execution.states[-1] == "Deployed"
    stages = {(each["Fleet"], each["Stage"]) for variants in seen(execution) for each in variants}
    assert ("New", "Baking") in stages
    assert {fleet for fleet, _ in stages} == {"Live", "New"}


def test_an_alarm_takes_the_canary_back(world: Any) -> None:
    """The endpoint serves what it served, the run's revision is gone, and the alarm is named."""
    world.make_alarm(ALARM)
    deploy(world, "a")
    before = world.names
    began = world.clock.now() + 60
    execution = world.machine.start(request("b", DeploymentConfig=CANARY), at=began)
    world.clock.spawn(lambda: world.make_alarm(ALARM, "ALARM"), name="alarm", at=began + 400)

    world.machine.run()

    assert execution.error == "UpdateRolledBackError"
    assert f"In state ALARM: {ALARM}." in execution.cause
    assert serves(world) == "a"
    assert world.names == before


def test_eight_hours_fit_an_execution(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A history of less than 5,000 events, and data of less than 64 KiB with 10 variants."""
    monkeypatch.setenv("DEPLOYMENT_TIMEOUT_SECONDS", "43200")
    names = [f"v{number}" for number in range(10)]
    models = {name: {"PrimaryContainer": {"Image": f"{REGISTRY}/{name}:1"}} for name in names}
    config = on(*(variant(name, ModelName=name, InitialVariantWeight=1) for name in names))
    world.run({"EndpointName": "churn", "Models": models, **config})
    models["v0"]["PrimaryContainer"]["Image"] += "1"

    world.clock.sleep(60)
    began = world.clock.now()
    execution = world.run({"EndpointName": "churn", "Models": models, **config, "DeploymentConfig": LINEAR})

    assert execution.states[-1] == "Deployed"
    assert world.clock.now() - began > 8 * 3600
    assert len(execution.events) < 5_000
    assert execution.largest_data < 64 * 1024


REJECTED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "other variant names": (
        on(variant("A")),
        {**on(variant("B")), "DeploymentConfig": LINEAR},
        "EndpointConfig.ProductionVariants: are B, and the live ones A; guardrails need the same variant names",
    ),
    "guardrails of what is serverless": (
        on({"VariantName": "A", "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}),
        {**on(variant("A")), "DeploymentConfig": LINEAR},
        "DeploymentConfig: is not for serverless endpoints, which are live",
    ),
    "instances become serverless": (
        on(variant("A")),
        on({"VariantName": "A", "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}),
        "EndpointConfig.ProductionVariants: are serverless, and the live ones run on instances",
    ),
    "an alarm that does not exist": (
        on(variant("A")),
        {
            **on(variant("A")),
            "DeploymentConfig": {**LINEAR, "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "x"}]}},
        },
        "DeploymentConfig.AutoRollbackConfiguration.Alarms[0].AlarmName: 'x' is no CloudWatch alarm",
    ),
}


@pytest.mark.parametrize(("live", "change", "said"), REJECTED.values(), ids=REJECTED)
def test_what_sagemaker_would_refuse_or_downgrade_is_said_at_once(
    world: Any, live: dict[str, Any], change: dict[str, Any], said: str
) -> None:
    """It is rejected by its field before anything is created."""
    world.run(request("a", **live))
    before = world.names

    world.clock.sleep(60)
    execution = world.run(request("b", **change))

    assert execution.states[-1] == "Rejected"
    assert said in execution.cause
    assert world.names == before
    assert world.count("UpdateEndpoint") == 0


def scale(world: Any, name: str, count: int) -> None:
    """Let Application Auto Scaling manage a variant, and scale it."""
    world.autoscaling.register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=f"endpoint/churn/variant/{name}",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=1,
        MaxCapacity=20,
    )
    desired = [{"VariantName": name, "DesiredInstanceCount": count}]
    parameters = {"EndpointName": "churn", "DesiredWeightsAndCapacities": desired}
    world.simulator.call("UpdateEndpointWeightsAndCapacities", parameters)


def counts(world: Any) -> dict[str, int]:
    """Return the instances that each variant has."""
    variants = world.simulator.resources()["Endpoints"]["churn"]["ProductionVariants"]
    return {each["VariantName"]: each["CurrentInstanceCount"] for each in variants}


@pytest.mark.parametrize(
    ("retain", "count"),
    [
        pytest.param({}, 7, id="by itself"),
        pytest.param({"RetainAllVariantProperties": True}, 7, id="as asked for"),
        pytest.param({"RetainAllVariantProperties": False}, 2, id="not if the request says so"),
    ],
)
def test_scaled_counts_survive_an_update(world: Any, retain: dict[str, Any], count: int) -> None:
    """Where Application Auto Scaling manages a variant, the request's count is only where it began."""
    deploy(world, "a")
    scale(world, "AllTraffic", 7)

    world.clock.sleep(60)
    world.run(request("b", **on(variant(InitialInstanceCount=1 if not retain else 2)), **retain))

    assert serves(world) == "b"
    assert counts(world) == {"AllTraffic": count}


def test_elsewhere_the_request_rules(world: Any) -> None:
    """A count that somebody set by hand is reset to what the request says."""
    deploy(world, "a")
    desired = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 7}]
    parameters = {"EndpointName": "churn", "DesiredWeightsAndCapacities": desired}
    world.simulator.call("UpdateEndpointWeightsAndCapacities", parameters)

    deploy(world, "b")

    assert counts(world) == {"AllTraffic": 1}


def test_a_scaled_variant_keeps_its_instance_type(world: Any) -> None:
    """SageMaker refuses to change it; the way out is said before anything is created."""
    deploy(world, "a")
    scale(world, "AllTraffic", 7)

    world.clock.sleep(60)
    execution = world.run(request("b", **on(variant(InstanceType="ml.m5.xlarge"))))

    assert execution.states[-1] == "Rejected"
    assert "cannot change from ml.m5.large while Application Auto Scaling manages the variant" in execution.cause


def test_an_update_that_cannot_start_leaves_nothing(make_world: Any) -> None:
    """The new fleet does not come up: SageMaker goes back by itself, with its reason."""
    reason = "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error."
    world = make_world(Settings())
    deploy(world, "a")
    before = world.names
    world.simulator.settings = Settings(failure_reasons={"*": reason})

    world.clock.sleep(60)
    execution = world.run(request("b"))

    assert execution.error == "UpdateRolledBackError"
    assert reason in execution.cause
    assert serves(world) == "a"
    assert world.names == before
