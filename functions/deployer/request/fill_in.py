"""Default names of models and variants, where a request may leave them out."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - the annotation of a constant

from deployer.json_document import Document

DEFAULT_MODELS: Mapping[str, Document] = {"model": {"PrimaryContainer": {}}}
"""The models of a request that names none: the uploaded artifact, in the stack's default image."""

DEFAULT_VARIANT_NAME = "AllTraffic"
"""The name of an endpoint's only variant in SageMaker's own tools."""


def with_names(document: Document) -> Document:
    """Fill in the names of variants and models that a request leaves out."""
    models, config = document.get("Models"), document.get("EndpointConfig")
    if models is None:
        has_default = not document.get("Rollback") and (config is None or _lacks_models(config))
        document = {**document, "Models": dict(DEFAULT_MODELS) if has_default else {}}
        models = document["Models"]
    if not isinstance(config, dict):
        return document
    variants = config.get("ProductionVariants")
    if not (isinstance(variants, list) and all(isinstance(variant, dict) for variant in variants)):
        return document
    # Variants of inference components have no model; the config's own role marks them.
    only_model = [*models] if isinstance(models, dict) and len(models) == 1 and "ExecutionRoleArn" not in config else []
    filled = [{**({"ModelName": only_model[0]} if only_model else {}), **variant} for variant in variants]
    named = [{**_variant_name(variant, is_only=len(filled) == 1), **variant} for variant in filled]
    return {**document, "EndpointConfig": {**config, "ProductionVariants": named}}


def _variant_name(variant: Document, *, is_only: bool) -> Document:
    """Name a variant: the only one as usual, one of several like its model."""
    if is_only:
        return {"VariantName": DEFAULT_VARIANT_NAME}
    return {"VariantName": variant["ModelName"]} if "ModelName" in variant else {}


def _lacks_models(config: object) -> bool:
    if not isinstance(config, dict) or "ExecutionRoleArn" in config:
        return False
    variants = config.get("ProductionVariants")
    return isinstance(variants, list) and any(
        isinstance(variant, dict) and "ModelName" not in variant for variant in variants
    )
