"""Rules for shadow variants (SageMaker Developer Guide, "Shadow tests", "Exclusions"). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.endpoint_config import VARIANT_KINDS, all_variants, variants_of
from deployer.json_document import Document
from deployer.request.problem import Problem
from deployer.request.rules.models import has_multi_model, is_marketplace, is_pipeline, models_of
from deployer.request.rules.variants import family, instance_types

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_PATH = "EndpointConfig.ShadowProductionVariants"


def shadow_problems(config: Document, models: Mapping[str, Document]) -> Iterator[Problem]:
    """Yield what an endpoint with a shadow variant cannot have."""
    shadows = variants_of(config, "ShadowProductionVariants")
    if not shadows:
        return
    if len(shadows) != 1 or len(variants_of(config)) != 1:
        yield Problem(_PATH, "needs exactly one shadow and one production variant")
    if "AsyncInferenceConfig" in config:
        yield Problem(_PATH, "is not for asynchronous endpoints")
    for kind in VARIANT_KINDS:
        for index, variant in enumerate(variants_of(config, kind)):
            if any(family(each) == "inf1" for _, each in instance_types(variant)):
                yield Problem(_PATH, f"is not for Inf1 instances, which EndpointConfig.{kind}[{index}] has")
    for key, model in models_of(list(all_variants(config)), models).items():
        for is_excluded, kind in (
            (is_pipeline(model), "of several containers"),
            (has_multi_model(model), "with a MultiModel container"),
            (is_marketplace(model), "of AWS Marketplace"),
        ):
            if is_excluded:
                yield Problem(_PATH, f"is not for models {kind}, and Models.{key} is one")
