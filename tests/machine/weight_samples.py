"""Requests whose traffic goes to two variants by weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.machine.factories import config, container, request_of, variant

if TYPE_CHECKING:
    from deployer.json_document import Document

CHANGE = "UpdateEndpointWeightsAndCapacities"


def split(
    first: float, second: float, count: int = 1, other: int = 1, *, endpoint: str = "churn", **more: object
) -> Document:
    """Build a request for an endpoint of two variants, by their weights and counts."""
    variants = [
        variant("a", ModelName="a", InitialVariantWeight=first, InitialInstanceCount=count),
        variant("b", ModelName="b", InitialVariantWeight=second, InitialInstanceCount=other),
    ]
    return {**request_of({"a": container("a"), "b": container("b")}, endpoint), **config(*variants), **more}
