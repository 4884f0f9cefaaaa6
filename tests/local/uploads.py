"""Uploads to the artifact bucket of local AWS, and the manifests among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from deployer.json_document import Document

if TYPE_CHECKING:
    from local.aws.stack import Stack


def manifest(endpoint: str, **changes: Any) -> bytes:
    """Return a `deployment.yaml`; changes replace its top-level members."""
    variant = {"ModelName": "classifier", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    request = {
        "EndpointName": endpoint,
        "Models": {"classifier": {"PrimaryContainer": {}}},
        "EndpointConfig": {"ProductionVariants": [variant]},
    }
    return yaml.safe_dump(request | changes).encode()


def upload(stack: Stack, key: str, body: bytes) -> Document:
    """Upload an object and return the outcome of the execution that it starts."""
    return stack.outcome_of(stack.execution_of(stack.upload(key, body)))
