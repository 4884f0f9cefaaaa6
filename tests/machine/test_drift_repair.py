"""A stack may have its endpoints brought back to the deployed revision: once for a difference, and in nobody's way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from local.simulator import Fault, Settings
from tests.machine.factories import HOUR, deploy, request

if TYPE_CHECKING:
    from local.virtual_time.world import World

_APPROVED = {"Required": True}
_DENIED = Fault("UpdateEndpoint", "rejected", times=None, code="AccessDeniedException", message="no")


@pytest.fixture(autouse=True)
def _repairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stack repairs endpoints that have another config."""
    monkeypatch.setenv("REPAIR_DRIFT", "ConfigReplaced")


def attach(world: World, config: str) -> None:
    """Change the endpoint to a config by hand, and let that come to an end."""
    world.simulator.call("UpdateEndpoint", {"EndpointName": "churn", "EndpointConfigName": config})
    world.clock.sleep(HOUR)


def sweep(world: World) -> list[str | None]:
    """Sweep, and let everything come to an end; return the repairs that the events of drift name."""
    reported = len(world.drift)
    world.sweep()
    world.machine.run()
    return [event.get("Repair") for event in world.drift[reported:]]


def served_model(world: World) -> str:
    """Return the model that the endpoint serves."""
    resources = world.simulator.resources()
    config = resources["EndpointConfigs"][resources["Endpoints"]["churn"]["EndpointConfigName"]]
    return str(config["ProductionVariants"][0]["ModelName"])


def test_replaced_config_is_rolled_back(world: World) -> None:
    """The event names the execution, which is a deployment like any other; after it, there is not drift."""
    first, _ = deploy(world, "a", "b")
    deployed = served_model(world)
    attach(world, first)

    (repair,) = sweep(world)

    assert repair == world.machine.executions[-1].arn
    assert json.loads(world.sweeper.executions[-1].record["output"])["Drift"]["Repairs"] == {"churn": repair}
    assert world.outcomes[-1] == "Deployed"
    assert served_model(world) == deployed
    world.clock.sleep(HOUR)
    assert sweep(world) == []


def test_same_change_after_a_repair_is_repaired_again(world: World) -> None:
    first, _ = deploy(world, "a", "b")
    attach(world, first)
    (repair,) = sweep(world)
    attach(world, first)

    (second,) = sweep(world)

    assert second
    assert second != repair
    assert world.outcomes[-2:] == ["Deployed", "Deployed"]


def test_repair_that_failed_is_not_repeated(world: World) -> None:
    """The difference is reported all the same."""
    first, _ = deploy(world, "a", "b")
    attach(world, first)
    world.simulator.settings = Settings(faults=(_DENIED,))
    (repair,) = sweep(world)
    world.clock.sleep(HOUR)

    assert repair
    assert world.outcomes[-1] == "Failed"
    assert sweep(world) == [None]


def test_request_that_awaits_approval_is_not_superseded_by_a_repair(world: World) -> None:
    """A person's request is the newer one."""
    first, _ = deploy(world, "a", "b")
    world.machine.start(request("c", Approval=_APPROVED))
    attach(world, first)
    count = len(world.machine.executions)

    world.sweep()

    assert [(event["Kind"], event.get("Repair")) for event in world.drift] == [("ConfigReplaced", None)]
    assert len(world.machine.executions) == count


@pytest.mark.parametrize("kinds", ["", "ScalingChanged"], ids=["none", "a kind that nothing repairs"])
def test_nothing_else_is_repaired(world: World, monkeypatch: pytest.MonkeyPatch, kinds: str) -> None:
    monkeypatch.setenv("REPAIR_DRIFT", kinds)
    first, _ = deploy(world, "a", "b")
    attach(world, first)

    assert sweep(world) == [None]


def test_deleted_endpoint_is_not_repaired(world: World) -> None:
    """The deletion may have been intended."""
    deploy(world, "a")
    world.simulator.call("DeleteEndpoint", {"EndpointName": "churn"})
    world.clock.sleep(HOUR)

    assert sweep(world) == [None]
