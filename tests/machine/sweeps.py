"""Sweeps of a world, and what is left after them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deployer.json_document import Document

if TYPE_CHECKING:
    from local.virtual_time.world import World


def sagemaker(world: World, operation: str, **parameters: Any) -> Document:
    """Call SageMaker as somebody other than the deployer."""
    answer: Document = world.simulator.call(operation, parameters)
    return answer
