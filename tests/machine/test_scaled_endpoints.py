"""Instance counts that scaling or a person has set, through an update and a restoration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.json_document import Document
from local.simulator import Settings
from tests.machine.factories import (
    config,
    deploy,
    request,
    serves,
    variant,
)
from tests.machine.scaling_samples import counts, register_target, set_count

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World


def scale(world: World, name: str, count: int) -> None:
    """Let Application Auto Scaling manage a variant, and scale it."""
    register_target(world, name)
    set_count(world, name, count)


@pytest.mark.parametrize(
    ("retain", "count"),
    [
        pytest.param({}, 7, id="by itself"),
        pytest.param({"RetainAllVariantProperties": True}, 7, id="as asked for"),
        pytest.param({"RetainAllVariantProperties": False}, 2, id="not if the request says so"),
    ],
)
def test_scaled_counts_survive_an_update(world: World, retain: Document, count: int) -> None:
    """Where Application Auto Scaling manages a variant, the request's count is only where it began."""
    deploy(world, "a")
    scale(world, "AllTraffic", 7)

    world.clock.sleep(60)
    world.run(request("b", **config(variant(InitialInstanceCount=2 if retain else 1)), **retain))

    assert serves(world) == "b"
    assert counts(world) == {"AllTraffic": count}


def test_scaled_counts_survive_a_restoration(make_world: Callable[..., World]) -> None:
    """After a failed smoke test the endpoint has as many instances as it was scaled to."""
    world = make_world(Settings(broken_models={"bad": "cannot predict"}))
    deploy(world, "a")
    scale(world, "AllTraffic", 7)

    world.clock.sleep(60)
    execution = world.run(request("bad", SmokeTest={"Body": "{}"}))

    assert execution.error == "SmokeTestFailedError"
    assert serves(world) == "a"
    assert counts(world) == {"AllTraffic": 7}


def test_count_set_by_hand_is_reset_to_the_request(world: World) -> None:
    """Where nothing scales the variant, the request rules."""
    deploy(world, "a")
    set_count(world, "AllTraffic", 7)

    deploy(world, "b")

    assert counts(world) == {"AllTraffic": 1}


def test_change_of_a_scaled_variants_instance_type_is_rejected(world: World) -> None:
    """SageMaker refuses to change it; the way out is said before anything is created."""
    deploy(world, "a")
    scale(world, "AllTraffic", 7)

    world.clock.sleep(60)
    execution = world.run(request("b", **config(variant(InstanceType="ml.m5.xlarge"))))

    assert execution.states[-1] == "Rejected"
    assert "cannot change from ml.m5.large while Application Auto Scaling manages the variant" in execution.cause
