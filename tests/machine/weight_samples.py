"""Requests whose traffic goes to two variants by weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.machine.factories import config, container, request_of, variant

if TYPE_CHECKING:
    from deployer.json_document import Document

CHANGE = "UpdateEndpointWeightsAndCapacities"


def split(  # noqa: PLR0913 - the last two by name
    first: float,
    second: float,
    count: int = 1,
    other: int = 1,
    *,
    endpoint: str = "churn",
    image: str = "",
    **more: Any,
) -> Document:
    """Build a request for an endpoint of two variants, by their weights and counts; an image is content of both."""
    variants = [
        variant("a", ModelName="a", InitialVariantWeight=first, InitialInstanceCount=count),
        variant("b", ModelName="b", InitialVariantWeight=second, InitialInstanceCount=other),
    ]
    return {**request_of({key: container(f"{key}{image}") for key in "ab"}, endpoint), **config(*variants), **more}
