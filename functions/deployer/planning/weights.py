"""Weights and counts: what an endpoint's variants have, and whether a request changes nothing else. Pure.

The weights of a revision are those in its endpoint config. An endpoint that keeps its config can be given those of
another revision (SageMaker API Reference, UpdateEndpointWeightsAndCapacities).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from deployer.endpoint_config import is_same_number, variants_of
from deployer.json_document import Document
from deployer.planning.diff import differences

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from deployer.planning.revision_store import StoredRevision

_OF_A_VARIANT = re.compile(r"EndpointConfig\.ProductionVariants\[[^]]+\]\.Initial(InstanceCount|VariantWeight)")

_OTHER_CAPACITY = frozenset({"ServerlessConfig", "ManagedInstanceScaling", "InstancePools"})
"""Members of a variant whose capacity is not a count of instances."""


def weight_change(variants: Iterable[Mapping[str, Any]], config: Mapping[str, Any]) -> list[Document]:
    """Return the DesiredWeightsAndCapacities of the next change towards the weights and counts of an endpoint config.

    One change is of all weights, or of one variant's count (SageMaker API Reference,
    UpdateEndpointWeightsAndCapacities). The weights come first.

    Args:
        variants: The endpoint's variants, by DescribeEndpoint.
        config: The endpoint config.

    Returns:
        The change; empty if the variants have these weights and counts, and are to keep them.
    """
    weights, counts = _differing(variants, config)
    if weights:
        return [{"VariantName": name, "DesiredWeight": weight} for name, weight in _weights(config).items()]
    return [{"VariantName": name, "DesiredInstanceCount": count} for name, count in counts.items()][:1]


def is_one_change(variants: Iterable[Mapping[str, Any]], config: Mapping[str, Any]) -> bool:
    """Return whether one change gives an endpoint's variants the weights and counts of an endpoint config."""
    weights, counts = _differing(variants, config)
    return bool(weights) + len(counts) == 1


def _differing(
    variants: Iterable[Mapping[str, Any]], config: Mapping[str, Any]
) -> tuple[dict[str, float], dict[str, int]]:
    """Return the weights and the counts of an endpoint config that variants do not have, or are not to keep."""
    shown = {each["VariantName"]: each for each in variants}

    def lacks(name: str, member: str, value: float) -> bool:
        variant = shown.get(name, {})
        return not all(is_same_number(variant.get(f"{time}{member}"), value) for time in ("Current", "Desired"))

    counts = {each["VariantName"]: each["InitialInstanceCount"] for each in variants_of(config)}
    return (
        {name: weight for name, weight in _weights(config).items() if lacks(name, "Weight", weight)},
        {name: count for name, count in counts.items() if lacks(name, "InstanceCount", count)},
    )


def _weights(config: Mapping[str, Any]) -> dict[str, float]:
    """Return the weight of each variant; without one it is 1 (SageMaker API Reference, ProductionVariant)."""
    return {each["VariantName"]: float(each.get("InitialVariantWeight", 1.0)) for each in variants_of(config)}


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
