"""Endpoints that differ from what was deployed, and what is reported of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.machine.factories import (
    HOUR,
)

if TYPE_CHECKING:
    from local.virtual_time.world import World


def sagemaker(world: World, operation: str, **parameters: Any) -> dict[str, Any]:
    """Call SageMaker as somebody other than the deployer."""
    answer: dict[str, Any] = world.simulator.call(operation, parameters)
    return answer


def kinds(world: World, seconds: float = HOUR) -> list[str]:
    """Sweep after a while; return the kinds of drift that are reported."""
    world.clock.sleep(seconds)
    reported = len(world.drift)
    execution = world.sweep()
    assert execution.states[-1] == "Swept", execution.cause
    return [event["Kind"] for event in world.drift[reported:]]


def own_config(world: World, revision: str) -> str:
    """Create a config by hand with the variants of a revision; return its name."""
    variants = world.simulator.resources()["EndpointConfigs"][revision]["ProductionVariants"]
    sagemaker(world, "CreateEndpointConfig", EndpointConfigName="by-hand", ProductionVariants=variants)
    return "by-hand"
