"""Rules for asynchronous endpoints (SageMaker Developer Guide, "Asynchronous inference"). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.endpoint_config import variants_of
from deployer.json_document import Document
from deployer.request.problem import Problem
from deployer.request.rules.models import is_marketplace, models_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_PATH = "EndpointConfig.AsyncInferenceConfig"


def asynchronous_problems(config: Document, models: Mapping[str, Document]) -> Iterator[Problem]:
    """Yield what an asynchronous endpoint cannot have."""
    if "AsyncInferenceConfig" not in config:
        return
    variants = variants_of(config)
    if len(variants) != 1:
        yield Problem(_PATH, "needs exactly one production variant")
    for key, model in models_of(variants, models).items():
        if is_marketplace(model):
            yield Problem(_PATH, f"is not for models of AWS Marketplace, and Models.{key} is one")
