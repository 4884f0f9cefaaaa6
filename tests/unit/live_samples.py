"""Configs and variants of live endpoints."""

from __future__ import annotations

from typing import Any

from deployer.json_document import Document


def variant(name: str = "A", **changed: Any) -> Document:
    """Build a variant as DescribeEndpointConfig has it."""
    return {"VariantName": name, "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1, **changed}


def config(*variants: Document, **more: Any) -> Document:
    """Build an endpoint config."""
    return {"ProductionVariants": list(variants or [variant()]), **more}
