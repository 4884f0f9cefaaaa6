"""The content of an endpoint config, requested or described: its variants, and the models that it names. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from deployer.json_document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


VARIANT_KINDS = ("ProductionVariants", "ShadowProductionVariants")


def variants_of(config: Mapping[str, Any], kind: str = "ProductionVariants") -> list[Document]:
    """Return the variants of an endpoint config."""
    return list(config.get(kind, []))


def all_variants(config: Mapping[str, Any]) -> Iterator[Document]:
    """Yield the production and the shadow variants of an endpoint config."""
    for kind in VARIANT_KINDS:
        yield from config.get(kind, [])


def model_names(config: Mapping[str, Any]) -> list[str]:
    """Return the models of an endpoint config, each once: those of its variants, and of their pools of instances."""
    return list(dict.fromkeys(name for _, name in model_references(config)))


def model_references(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the path and the name of every place in an endpoint config that names a model."""
    for kind in VARIANT_KINDS:
        for index, variant in enumerate(config.get(kind, [])):
            path = f"EndpointConfig.{kind}[{index}]"
            if name := variant.get("ModelName"):
                yield f"{path}.ModelName", name
            for number, pool in enumerate(variant.get("InstancePools", [])):
                if name := pool.get("ModelNameOverride"):
                    yield f"{path}.InstancePools[{number}].ModelNameOverride", name


def with_model_names(config: Mapping[str, Any], names: Mapping[str, str]) -> Document:
    """Return an endpoint config with the keys of a request's models replaced by their names in SageMaker."""

    def renamed(document: Document, member: str) -> Document:
        name = document.get(member)
        return document if name is None else {**document, member: names.get(name, name)}

    result = dict(config)
    for kind in config.keys() & set(VARIANT_KINDS):
        result[kind] = [
            {
                **renamed(variant, "ModelName"),
                **(
                    {"InstancePools": [renamed(pool, "ModelNameOverride") for pool in variant["InstancePools"]]}
                    if "InstancePools" in variant
                    else {}
                ),
            }
            for variant in config[kind]
        ]
    return result


def is_same_number(described: object, requested: float) -> bool:
    """Return whether SageMaker describes a number that was requested; its type Float may have single precision."""
    return isinstance(described, (int, float)) and math.isclose(described, requested, rel_tol=1e-6)


def is_serverless(config: Mapping[str, Any]) -> bool:
    """Return whether an endpoint config has a serverless variant."""
    return any("ServerlessConfig" in variant for variant in variants_of(config))


def config_names(endpoint: Mapping[str, Any]) -> set[str]:
    """Return the endpoint config that a described endpoint has, and the one that it is being changed to."""
    parts = (endpoint, endpoint.get("PendingDeploymentSummary", {}))
    return {part["EndpointConfigName"] for part in parts if "EndpointConfigName" in part}
