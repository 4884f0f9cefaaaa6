"""Weights and counts: what an endpoint's variants have, and whether a request changes nothing else. Pure.

The weights of a revision are those in its endpoint config. An endpoint that keeps its config can be given those of
another revision (SageMaker API Reference, UpdateEndpointWeightsAndCapacities).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from deployer.endpoint_config import variants_of
from deployer.json_document import Document
from deployer.planning.diff import differences

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployer.planning.revision_store import StoredRevision

_OF_A_VARIANT = re.compile(r"EndpointConfig\.ProductionVariants\[[^]]+\]\.Initial(InstanceCount|VariantWeight)")

_OTHER_CAPACITY = frozenset({"ServerlessConfig", "ManagedInstanceScaling", "InstancePools"})
"""Members of a variant whose capacity is not a count of instances."""


def desired_weights(config: Mapping[str, Any]) -> list[Document]:
    """Return the DesiredWeightsAndCapacities that give an endpoint the weights and counts of an endpoint config.

    A variant without a weight has 1 (SageMaker API Reference, ProductionVariant).
    """
    return [
        {
            "VariantName": variant["VariantName"],
            "DesiredWeight": float(variant.get("InitialVariantWeight", 1.0)),
            "DesiredInstanceCount": variant["InitialInstanceCount"],
        }
        for variant in variants_of(config)
    ]


def has_weights(endpoint: Mapping[str, Any], desired: list[Document]) -> bool:
    """Return whether the variants of a described endpoint have weights and counts, and are to keep them."""
    current = {each["VariantName"]: each for each in variants_of(endpoint)}
    return all(
        current.get(each["VariantName"], {}).get(f"{time}{member}") == each[f"Desired{member}"]
        for each in desired
        for member in ("Weight", "InstanceCount")
        for time in ("Current", "Desired")
    )


def changes_only_weights(
    stored: StoredRevision | None, request: Mapping[str, Any], model_names: Mapping[str, str]
) -> bool:
    """Return whether a complete request differs from a stored revision in weights or counts, and in nothing else.

    Tags do not count: `UpdateTags` changes them in place.

    Args:
        stored: The stored revision; None if there is none.
        request: The complete request.
        model_names: The names in SageMaker of the request's models, which their content is part of.
    """
    if stored is None or stored.model_names != dict(model_names):
        return False
    parts = ("Models", "EndpointConfig", "Scaling")
    before, wanted = ({part: each.get(part) for part in parts} for each in (stored.request, request))
    paths = [each["Path"] for each in differences(before, wanted)]
    are_counts = all(
        "InitialInstanceCount" in variant and not _OTHER_CAPACITY & variant.keys()
        for variant in variants_of(request["EndpointConfig"])
    )
    return are_counts and bool(paths) and all(map(_OF_A_VARIANT.fullmatch, paths))
