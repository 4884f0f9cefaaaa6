"""Rules for serverless endpoints. Pure.

The sources are the SageMaker Developer Guide, "Serverless Inference", in its list of what serverless endpoints exclude,
and the API Reference (ContainerDefinition, ProductionVariantServerlessConfig).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.endpoint_config import is_serverless, variants_of
from deployer.json_document import Document
from deployer.request.containers import containers
from deployer.request.problem import Problem, listed
from deployer.request.rules.models import has_multi_model, is_marketplace, is_pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_CONFIG = "EndpointConfig"
_NOT_FOR_SERVERLESS = "is not for serverless endpoints"
_MEMORY_SIZES_MB = range(1024, 6144 + 1, 1024)


def serverless_problems(config: Document, models: Mapping[str, Document]) -> Iterator[Problem]:
    """Yield what a serverless endpoint cannot have."""
    if not is_serverless(config):
        return
    variants = variants_of(config)
    for index, variant in enumerate(variants):
        path = f"{_CONFIG}.ProductionVariants[{index}]"
        serverless = variant.get("ServerlessConfig")
        if serverless is None:
            yield Problem(path, "has instances beside a serverless variant; an endpoint is one or the other")
            continue
        yield from _size_problems(f"{path}.ServerlessConfig", serverless)
        key = variant.get("ModelName", "")
        if key in models:
            yield from _model_problems(f"Models.{key}", models[key])
    if len(variants) > 1 and all("ServerlessConfig" in variant for variant in variants):
        yield Problem(
            f"{_CONFIG}.ProductionVariants", f"has {len(variants)} entries; a serverless endpoint has one variant only"
        )
    for field in ("DataCaptureConfig", "AsyncInferenceConfig", "ShadowProductionVariants", "VpcConfig"):
        if config.get(field):
            yield Problem(f"{_CONFIG}.{field}", _NOT_FOR_SERVERLESS)


def _size_problems(path: str, serverless: Document) -> Iterator[Problem]:
    memory, most = serverless["MemorySizeInMB"], serverless["MaxConcurrency"]
    if memory not in _MEMORY_SIZES_MB:
        yield Problem(f"{path}.MemorySizeInMB", f"{memory} is not one of {listed(_MEMORY_SIZES_MB)}")
    if serverless.get("ProvisionedConcurrency", 0) > most:
        yield Problem(f"{path}.ProvisionedConcurrency", f"is more than MaxConcurrency, {most}")


def _model_problems(path: str, model: Document) -> Iterator[Problem]:
    if "VpcConfig" in model:
        yield Problem(f"{path}.VpcConfig", _NOT_FOR_SERVERLESS)
    if model.get("EnableNetworkIsolation"):
        yield Problem(f"{path}.EnableNetworkIsolation", _NOT_FOR_SERVERLESS)
    if is_pipeline(model):
        yield Problem(f"{path}.Containers", f"has {len(model['Containers'])} entries; a serverless endpoint has one")
    if has_multi_model(model):
        yield Problem(path, f"has a MultiModel container, which {_NOT_FOR_SERVERLESS}")
    if is_marketplace(model):
        yield Problem(path, f"is of AWS Marketplace, which {_NOT_FOR_SERVERLESS}")
    for where, container in containers(model, path):
        if "ModelDataSource" in container:
            yield Problem(f"{where}.ModelDataSource", f"{_NOT_FOR_SERVERLESS}; name an archive as ModelDataUrl")
        if container.get("ImageConfig", {}).get("RepositoryAccessMode") == "Vpc":
            yield Problem(f"{where}.ImageConfig", f"{_NOT_FOR_SERVERLESS}, whose image is in Amazon ECR")
