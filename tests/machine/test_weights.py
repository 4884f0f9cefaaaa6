"""A request that differs in weights or counts only keeps the endpoint's config, and is a revision all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.simulator import Settings
from tests.machine.factories import (
    ANSWERS,
    CANARY,
    REFUSES,
    container,
    deploy_one,
    live_revision,
    request_of,
    rollback,
    tags_of_config,
)
from tests.machine.weight_samples import CHANGE, split

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.json_document import Document
    from local.virtual_time.world import World


def weights(world: World) -> dict[str, tuple[float, int]]:
    """Return the weight and the count that each variant of the endpoint has."""
    endpoint = world.simulator.call("DescribeEndpoint", {"EndpointName": "churn"})
    return {
        each["VariantName"]: (each["CurrentWeight"], each["CurrentInstanceCount"])
        for each in endpoint["ProductionVariants"]
    }


@pytest.mark.parametrize("seconds", [0.0, 60.0], ids=["at once", "in a minute"])
def test_change_of_weights_keeps_the_config(make_world: Callable[..., World], seconds: float) -> None:
    """The endpoint has other weights within minutes, no other instance, and a deployed revision of its own."""
    world = make_world(Settings(scale_seconds=seconds))
    first = deploy_one(world, split(9, 1))

    second = deploy_one(world, split(5, 5))

    assert weights(world) == {"a": (5, 1), "b": (5, 1)}
    assert live_revision(world) == first
    assert (world.count(CHANGE), world.count("UpdateEndpoint")) == (1, 0)
    assert tags_of_config(world, second)["endpoint-deployer:state"] == "deployed"


def test_change_of_counts_keeps_the_config(world: World) -> None:
    first = deploy_one(world, split(9, 1))

    deploy_one(world, split(9, 1, count=3))

    assert weights(world) == {"a": (9, 3), "b": (1, 1)}
    assert live_revision(world) == first


@pytest.mark.parametrize(
    "wanted",
    [pytest.param(split(5, 5, count=2), id="weights and a count"), pytest.param(split(5, 1, 2, 2), id="two counts")],
)
def test_change_that_takes_several_calls_is_an_update(world: World, wanted: Document) -> None:
    """One call changes weights, or the count of one variant."""
    deploy_one(world, split(5, 1))

    second = deploy_one(world, wanted)

    assert live_revision(world) == second
    assert world.count(CHANGE) == 0


def test_same_weights_again_are_nothing_to_do(world: World) -> None:
    deploy_one(world, split(9, 1))
    deploy_one(world, split(5, 5))

    world.clock.sleep(60)
    execution = world.run(split(5, 5))

    assert execution.states[-1] == "NothingToDo"
    assert world.count(CHANGE) == 1


def test_rollback_gives_the_weights_of_before_back(world: World) -> None:
    first = deploy_one(world, split(9, 1))
    deploy_one(world, split(5, 5))

    deploy_one(world, rollback())

    assert weights(world) == {"a": (9, 1), "b": (1, 1)}
    assert live_revision(world) == first
    assert world.count("UpdateEndpoint") == 0


def test_failed_smoke_test_gives_the_weights_of_before_back(world: World) -> None:
    first = deploy_one(world, split(9, 1))
    world.clock.sleep(60)

    execution = world.run(split(5, 5, SmokeTest=REFUSES))

    assert execution.error == "SmokeTestFailedError"
    assert weights(world) == {"a": (9, 1), "b": (1, 1)}
    assert live_revision(world) == first
    assert world.bus[-1]["Restored"] == first


def test_failed_update_after_a_change_of_weights_restores_them(world: World) -> None:
    """The endpoint goes back to the config that has these weights."""
    deploy_one(world, split(9, 1))
    second = deploy_one(world, split(5, 5))
    world.clock.sleep(60)

    execution = world.run({**request_of({"a": container("c"), "b": container("d")}), "SmokeTest": REFUSES})

    assert execution.error == "SmokeTestFailedError"
    assert weights(world) == {"a": (5, 1), "b": (5, 1)}
    assert live_revision(world) == second


def test_guarded_request_is_an_update(world: World) -> None:
    """Guardrails are those of an update, so a request with them is one."""
    deploy_one(world, split(9, 1))
    world.make_alarm("churn-5xx")

    second = deploy_one(world, split(5, 5, DeploymentConfig=CANARY, SmokeTest=ANSWERS))

    assert live_revision(world) == second
    assert world.count(CHANGE) == 0


def test_weights_of_a_config_that_a_person_attached_again_are_brought_back(world: World) -> None:
    """The record says whose weights the config had, and the endpoint does not have them any more."""
    first = deploy_one(world, split(9, 1))
    deploy_one(world, split(5, 5))
    third = deploy_one(world, request_of({"a": container("c"), "b": container("d")}))
    world.simulator.call("UpdateEndpoint", {"EndpointName": "churn", "EndpointConfigName": first})
    world.clock.sleep(600)

    fourth = deploy_one(world, split(5, 5))

    assert weights(world) == {"a": (5, 1), "b": (5, 1)}
    assert live_revision(world) == fourth != third
