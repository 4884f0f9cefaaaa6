"""Requests for the rules between fields, and what a check says of them."""

from __future__ import annotations

from typing import Any

from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.request.model import read_request
from tests.unit.request_samples import request, variant, with_config

ASYNCHRONOUS = {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://out/churn"}}}
PIPELINE = {"Containers": [{"Image": "a"}, {"Image": "b"}]}


def said_of(document: Document) -> list[str]:
    """Return what is said of a request."""
    try:
        read_request(document)
    except InvalidRequestError as rejected:
        return str(rejected).splitlines()
    return []


def of_model(*variants: Document, model: Document, **config: Any) -> Document:
    """Build a request of one model."""
    return {**with_config(*(variants or [variant()]), **config), "Models": {"m": model}}


def with_shadow(model: Document, **changed: Any) -> Document:
    """Build a request whose shadow variant has a model."""
    return request(
        Models={"m": {"PrimaryContainer": {"Image": "a"}}, "s": model},
        EndpointConfig={
            "ProductionVariants": [variant(VariantName="A", ModelName="m")],
            "ShadowProductionVariants": [variant(VariantName="S", ModelName="s", **changed)],
        },
    )


def with_tags(count: int, common: int = 0) -> Document:
    """Build a request whose model has so many tags, beside common ones."""
    tags = [{"Key": f"own{number}", "Value": ""} for number in range(count)]
    return request(
        Models={"m": {"PrimaryContainer": {}, "Tags": tags}}, Tags={f"common{number}": "" for number in range(common)}
    )


VARIANT, SHADOW = "EndpointConfig.ProductionVariants[0]", "EndpointConfig.ShadowProductionVariants"
