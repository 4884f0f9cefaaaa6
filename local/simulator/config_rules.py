"""Rules of CreateEndpointConfig beyond the service model.

Sources: Developer Guide, "Serverless Inference", "Asynchronous inference", "Shadow tests", "Inference components";
API Reference, CreateEndpointConfig and ProductionVariant. Messages without a source of their own are the simulator's.

Not refused, though some reports say so: a serverless endpoint with an image of another account. Published endpoints
have AWS's own images, which are in accounts of AWS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.json_document import Document
from local.simulator.errors import invalid
from local.simulator.model_rules import is_marketplace, is_multi_model
from local.simulator.variants import all_variants, containers

if TYPE_CHECKING:
    from collections.abc import Mapping


_MEGABYTES = 1024
_VARIANTS_WITH_SHADOW = 2
_INFERENTIA = "inf1"
_LOCAL_STORAGE = frozenset(
    {
        "c5d", "c6gd", "dl1", "g4dn", "g5", "g6", "g6e", "m5d", "m6gd", "p4d", "p4de", "p5", "p5e", "p5en", "r5d",
        "r6gd", "r7gd", "trn1", "trn1n", "trn2",
    }
)  # fmt: skip
"""Families of instances with NVMe storage, which take no volume (EC2 User Guide, "Instance store")."""

_INSTANCE_MEMBERS = ("InstanceType", "InitialInstanceCount", "InstancePools", "AcceleratorType")
_NOT_SERVERLESS = ("DataCaptureConfig", "AsyncInferenceConfig", "ShadowProductionVariants", "VpcConfig")


def check_config(request: Document, models: Mapping[str, Document]) -> None:
    """Raise what SageMaker answers to an endpoint config whose fields contradict each other.

    Assumed: variants of one name, and weights of nothing, are refused (trial: "two variants of one name", "weights
    whose sum is 0").

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
        _check_storage(variant, request)
        _check_model_name(variant, request)
    if any("ServerlessConfig" in variant for variant in variants):
        _check_serverless(request, models)
    if "AsyncInferenceConfig" in request:
        _check_asynchronous(request, models)
    if shadows:
        _check_shadow(request, models)


def _check_storage(variant: Document, request: Document) -> None:
    """Instances with NVMe storage take no volume.

    Source: aws/sagemaker-python-sdk, pull request 4828. Assumed: no key either (trial: "a KmsKeyId with instances with
    NVMe storage").

    Older texts of the API say that a KmsKeyId is refused for them, newer ones that it does not encrypt such storage.
    """
    instance_type = variant.get("InstanceType", "")
    if _family(instance_type) not in _LOCAL_STORAGE:
        return
    if "VolumeSizeInGB" in variant:
        raise invalid(f"VolumeSizeInGB is not supported for the instance type {instance_type}.")
    if "KmsKeyId" in request:
        raise invalid(f"KmsKeyId is not supported for the instance type {instance_type}.")


def _check_model_name(variant: Document, request: Document) -> None:
    """A variant has a model, or its endpoint gets inference components, which need a role.

    Source: DIAGNijmegen/rse-grand-challenge, pull request 4659; API Reference, CreateEndpointConfig (ExecutionRoleArn).
    """
    if "ModelName" in variant:
        if "ManagedInstanceScaling" in variant:
            # DIAGNijmegen/rse-grand-challenge, pull request 4659.
            raise invalid("ManagedInstanceScaling is not supported with the given EndpointConfig setup.")
    elif "ExecutionRoleArn" not in request:
        raise invalid(
            f"Variant {variant['VariantName']} has no ModelName. An endpoint of inference components needs an "
            "ExecutionRoleArn in its endpoint configuration."
        )


def _check_asynchronous(request: Document, models: Mapping[str, Document]) -> None:
    """Check what an asynchronous endpoint may have.

    Source: aws/sagemaker-python-sdk, issue 3969. Assumed: one variant only (trial: "two asynchronous variants").
    """
    if len(request["ProductionVariants"]) > 1:
        raise invalid("AsyncInferenceConfig is supported for endpoints with one production variant only.")
    if any(map(is_marketplace, models.values())):
        # aws/sagemaker-python-sdk, issue 3969.
        raise invalid("Marketplace images are not supported when specifying an AsyncInferenceConfig.")


def _check_shadow(request: Document, models: Mapping[str, Document]) -> None:
    """Check what may have a shadow variant.

    Source: API Reference, CreateEndpointConfig (ShadowProductionVariants); Developer Guide, "Shadow tests"
    (exclusions).
    """
    if len([*all_variants(request)]) > _VARIANTS_WITH_SHADOW:
        raise invalid("ShadowProductionVariants require exactly one production variant and one shadow variant.")
    if "AsyncInferenceConfig" in request:
        raise invalid("ShadowProductionVariants are not supported when specifying an AsyncInferenceConfig.")
    if any(_family(variant.get("InstanceType", "")) == _INFERENTIA for variant in all_variants(request)):
        raise invalid("ShadowProductionVariants are not supported for Inf1 instances.")
    for model in models.values():
        if is_marketplace(model) or is_multi_model(model) or len(containers(model)) > 1:
            raise invalid("ShadowProductionVariants are supported for models of one container of your own only.")


def _family(instance_type: str) -> str:
    return instance_type.removeprefix("ml.").partition(".")[0]


def _check_serverless(request: Document, models: Mapping[str, Document]) -> None:
    """Check what a serverless endpoint may have.

    Source: Developer Guide, "Serverless Inference" (exclusions). Assumed: one variant only (trial: "two serverless
    variants").
    """
    for member in _NOT_SERVERLESS:
        if member in request:
            raise invalid(f"{member} is not supported for serverless endpoints.")
    if len(request["ProductionVariants"]) > 1 and all(
        "ServerlessConfig" in each for each in request["ProductionVariants"]
    ):
        raise invalid("A serverless endpoint can have one production variant only.")
    for variant in request["ProductionVariants"]:
        if "ServerlessConfig" not in variant:
            raise invalid("Serverless and instance based variants cannot be combined in an endpoint configuration.")
        _check_serverless_variant(variant["ServerlessConfig"], models.get(variant.get("ModelName", ""), {}))


def _check_capacity(variant: Document) -> None:
    """Check that a variant has instances or a ServerlessConfig.

    Source: API Reference, ProductionVariant (ServerlessConfig stands in the place of instances).
    """
    name = variant["VariantName"]
    if "ServerlessConfig" in variant:
        if any(member in variant for member in _INSTANCE_MEMBERS):
            raise invalid(f"Variant {name} cannot have both instances and a ServerlessConfig.")
    elif "InstancePools" not in variant and not {"InstanceType", "InitialInstanceCount"} <= variant.keys():
        raise invalid(f"Variant {name} must have InstanceType and InitialInstanceCount, or a ServerlessConfig.")


def _check_serverless_variant(serverless: Document, model: Document) -> None:
    """Check the sizes of a serverless variant, and its model.

    Source: API Reference, ProductionVariantServerlessConfig; Developer Guide, "Serverless Inference"; public logs.
    """
    if serverless["MemorySizeInMB"] % _MEGABYTES:
        raise invalid("MemorySizeInMB must be one of 1024, 2048, 3072, 4096, 5120, 6144.")
    if serverless.get("ProvisionedConcurrency", 1) > serverless["MaxConcurrency"]:
        raise invalid("ProvisionedConcurrency must be less than or equal to MaxConcurrency.")
    if "VpcConfig" in model:
        raise invalid("VpcConfig is not supported for serverless endpoints.")
    if model.get("EnableNetworkIsolation"):
        raise invalid("Network isolation is not supported for serverless endpoints.")
    if is_multi_model(model):
        raise invalid("Multi-model containers are not supported for serverless endpoints.")
    if len(containers(model)) > 1:
        raise invalid("Models with several containers are not supported for serverless endpoints.")
    if is_marketplace(model):
        raise invalid("Marketplace images are not supported for serverless endpoints.")
    if any("ModelDataSource" in container for container in containers(model)):
        # A public log has it truncated after "ModelDataSourc".
        raise invalid("Model with containers that use ModelDataSource is not supported for serverless endpoints.")
