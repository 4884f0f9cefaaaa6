"""The scalable targets of endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from endpoint_deployer.aws.stack import Stack
    from endpoint_deployer.json_document import Document


def scaled_variants(stack: Stack) -> dict[str, list[Document]]:
    """Return the bounds of the variants that are scalable targets, those of others included, by endpoint."""
    found: dict[str, list[Document]] = {}
    pages = stack.client("application-autoscaling").get_paginator("describe_scalable_targets")
    for page in pages.paginate(ServiceNamespace="sagemaker"):
        for target in page["ScalableTargets"]:
            kind, endpoint, *_, variant = target["ResourceId"].split("/")
            if kind == "endpoint":
                bounds = {member: target[member] for member in ("MinCapacity", "MaxCapacity")}
                found.setdefault(endpoint, []).append({"VariantName": variant, **bounds})
    return found


def with_counts(scaled: list[Document], endpoint: Document | None) -> list[Document]:
    """Return the bounds of variants with their current instance counts, or provisioned concurrencies.

    Args:
        scaled: The bounds.
        endpoint: The endpoint, as SageMaker describes it; None if there is none.
    """
    variants = {each["VariantName"]: each for each in (endpoint or {}).get("ProductionVariants", [])}
    return [{**each, "Current": _current(variants.get(each["VariantName"], {}))} for each in scaled]


def _current(variant: Document) -> int | None:
    concurrency = variant.get("CurrentServerlessConfig", {}).get("ProvisionedConcurrency")
    count: int | None = variant.get("CurrentInstanceCount", concurrency)
    return count
