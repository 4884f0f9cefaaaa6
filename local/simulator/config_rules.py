"""What CreateEndpointConfig refuses beyond the service model.

The source of the rules is the SageMaker Developer Guide, in its chapters on real-time, serverless and asynchronous
inference and on shadow variants. The service's words are not known; these are ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.json_document import Document
from local.simulator.errors import invalid
from local.simulator.variants import all_variants

if TYPE_CHECKING:
    from collections.abc import Mapping


_MEGABYTES = 1024
_VARIANTS_WITH_SHADOW = 2
_INSTANCE_MEMBERS = ("InstanceType", "InitialInstanceCount", "InstancePools", "AcceleratorType")
_NOT_SERVERLESS = ("DataCaptureConfig", "AsyncInferenceConfig", "ShadowProductionVariants", "VpcConfig")


def check_config(request: Document, models: Mapping[str, Document]) -> None:
    """Raise what SageMaker answers to an endpoint config whose fields contradict each other.

    Args:
        request: The request.
        models: The models that it names.
    """
    names = [variant["VariantName"] for variant in all_variants(request)]
    if len(set(names)) < len(names):
        raise invalid("Each variant in an endpoint configuration must have a unique name.")
    variants, shadows = request["ProductionVariants"], request.get("ShadowProductionVariants", [])
    if sum(variant.get("InitialVariantWeight", 1.0) for variant in variants) <= 0:
        raise invalid("The sum of the variant weights must be greater than 0.")
    for variant in [*variants, *shadows]:
        _check_capacity(variant)
    if any("ServerlessConfig" in variant for variant in variants):
        _check_serverless(request, models)
    if "AsyncInferenceConfig" in request and len(variants) > 1:
        raise invalid("AsyncInferenceConfig is supported for endpoints with one production variant only.")
    if shadows and len(names) > _VARIANTS_WITH_SHADOW:
        raise invalid("ShadowProductionVariants require exactly one production variant and one shadow variant.")


def _check_serverless(request: Document, models: Mapping[str, Document]) -> None:
    for member in _NOT_SERVERLESS:
        if member in request:
            raise invalid(f"{member} is not supported for serverless endpoints.")
    for variant in request["ProductionVariants"]:
        if "ServerlessConfig" not in variant:
            raise invalid("Serverless and instance based variants cannot be combined in an endpoint configuration.")
        _check_serverless_variant(variant["ServerlessConfig"], models.get(variant.get("ModelName", ""), {}))


def _check_capacity(variant: Document) -> None:
    name = variant["VariantName"]
    if "ServerlessConfig" in variant:
        if any(member in variant for member in _INSTANCE_MEMBERS):
            raise invalid(f"Variant {name} cannot have both instances and a ServerlessConfig.")
    elif "InstancePools" not in variant and not {"InstanceType", "InitialInstanceCount"} <= variant.keys():
        raise invalid(f"Variant {name} must have InstanceType and InitialInstanceCount, or a ServerlessConfig.")


def _check_serverless_variant(serverless: Document, model: Document) -> None:
    if serverless["MemorySizeInMB"] % _MEGABYTES:
        raise invalid("MemorySizeInMB must be one of 1024, 2048, 3072, 4096, 5120, 6144.")
    if serverless.get("ProvisionedConcurrency", 1) > serverless["MaxConcurrency"]:
        raise invalid("ProvisionedConcurrency must be less than or equal to MaxConcurrency.")
    if "VpcConfig" in model:
        raise invalid("VpcConfig is not supported for serverless endpoints.")
    if model.get("EnableNetworkIsolation"):
        raise invalid("Network isolation is not supported for serverless endpoints.")
    if model.get("PrimaryContainer", {}).get("Mode") == "MultiModel":
        raise invalid("Multi-model containers are not supported for serverless endpoints.")
