"""No drift is reported because of a deployment, of others' endpoints, or of a look-up that failed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from local.simulator import Fault, Settings
from tests.machine.drifts import kinds, own_config, sagemaker
from tests.machine.factories import (
    ANSWERS,
    HOUR,
    deploy,
    request,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World


def test_endpoint_that_this_stack_has_not_deployed_to_is_not_compared(world: World) -> None:
    """Endpoints of others are not compared, nor is one that existed before a failed deployment."""
    (revision,) = deploy(world, "a", endpoint="other")
    by_hand = own_config(world, revision)
    tags = [{"Key": "endpoint-deployer:stack", "Value": "test"}]  # without it, the request would be rejected
    sagemaker(world, "CreateEndpoint", EndpointName="churn", EndpointConfigName=by_hand, Tags=tags)
    world.clock.sleep(HOUR)
    failed = world.run(request("b", SmokeTest={"Body": "{}", "Expect": {"Contains": "nothing"}}))

    assert failed.states[-1] == "Failed"
    assert kinds(world) == []


def test_config_without_the_stacks_tag_is_not_reported(world: World) -> None:
    """People remove the tag to keep a config permanently."""
    _, revision = deploy(world, "a", "b")
    arn = world.simulator.resources()["EndpointConfigs"][revision]["EndpointConfigArn"]
    tags = ["endpoint-deployer:stack", "endpoint-deployer:state"]
    sagemaker(world, "DeleteTags", ResourceArn=arn, TagKeys=tags)

    assert kinds(world) == []


@pytest.mark.parametrize("seconds", range(0, 900, 60), ids=lambda seconds: f"{seconds}s")
def test_deployment_under_way_is_not_drift(make_world: Callable[..., World], seconds: float) -> None:
    """An update with a failing smoke test and lagging replicas is no drift at any moment."""
    world = make_world(Settings(lag=60.0, update_seconds=240.0, broken_models={"/bad:": "cannot predict"}))
    deploy(world, "a")
    world.machine.start(request("bad", SmokeTest=ANSWERS))

    assert kinds(world, seconds) == []


@pytest.mark.parametrize("operation", ["DescribeEndpoint", "DescribeEndpointConfig", "ListTags", "DescribeModel"])
def test_failed_lookup_is_reported_by_the_next_attempt(make_world: Callable[..., World], operation: str) -> None:
    """SageMaker fails a few times; nothing is reported that is not so."""
    world = make_world()
    deploy(world, "a")
    deploy(world, "b", endpoint="fraud")
    sagemaker(world, "DeleteEndpoint", EndpointName="churn")
    world.simulator.settings = Settings(faults=(Fault(operation, "unavailable", times=3),))

    assert set(kinds(world)) == {"EndpointDeleted"}


def test_endpoint_that_may_not_be_looked_at_does_not_keep_others_from_it(make_world: Callable[..., World]) -> None:
    world = make_world()
    deploy(world, "a")
    deploy(world, "b", endpoint="fraud")
    sagemaker(world, "DeleteEndpoint", EndpointName="fraud")
    world.clock.sleep(HOUR)
    denied = Fault("DescribeEndpoint", "rejected", times=1, code="AccessDeniedException", message="no")

    def deny() -> None:
        world.simulator.settings = Settings(faults=(denied,))

    world.clock.spawn(deny, name="deny", at=world.clock.now() + 2.0)

    assert kinds(world, 1.0) == ["EndpointDeleted"]


def test_sweep_that_failed_still_compares(make_world: Callable[..., World]) -> None:
    """The sweep's failure is reported, too."""
    world = make_world()
    deploy(world, "a")
    sagemaker(world, "DeleteEndpoint", EndpointName="churn")
    world.clock.sleep(HOUR)
    denied = Fault("ListEndpoints", "rejected", times=None, code="AccessDeniedException", message="no")
    world.simulator.settings = Settings(faults=(denied,))

    execution = world.sweep()

    assert (execution.states[-1], execution.error) == ("SweepFailed", "AccessDeniedError")
    assert [event["Kind"] for event in world.drift] == ["EndpointDeleted"]


def test_many_endpoints_take_several_runs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each goes on where the one before stopped, and none is reported twice."""
    for name in "abc":
        deploy(world, "a", endpoint=name)
        sagemaker(world, "DeleteEndpoint", EndpointName=name)
    monkeypatch.setattr("detect_drift._PAUSE_SECONDS", 400.0)

    assert kinds(world) == ["EndpointDeleted"] * 3
    assert [event["EndpointName"] for event in world.drift] == ["a", "b", "c"]
    assert json.loads(world.sweeper.executions[-1].record["output"])["Drift"]["Found"] == {
        name: ["EndpointDeleted"] for name in "abc"
    }
