"""Rules between fields, which the service model cannot express and SageMaker tells only after minutes, if at all.

The source is the SageMaker Developer Guide, in its chapters on real-time, serverless and asynchronous inference, shadow
variants and deployment guardrails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deployer.request.service_model import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Document = dict[str, Any]

_CONFIG = "EndpointConfig"
_KINDS = ("ProductionVariants", "ShadowProductionVariants")
_MOST_VARIANTS = 10
_MEMORY_SIZES_MB = range(1024, 6144 + 1, 1024)
_MOST_CONCURRENCY = 200
_CANARY_PERCENT = (1, 50)
_LINEAR_PERCENT = (10, 50)
_ROLLING_PERCENT = (5, 50)
_ROLLBACK_PERCENT = (5, 100)


def broken_rules(request: Document) -> Iterator[Problem]:
    """Yield what is wrong between the fields of a request whose every field is right by itself."""
    for key, model in request["Models"].items():
        yield from _model_problems(f"Models.{key}", model)
    config = request.get("EndpointConfig")
    if config is not None:
        yield from _variant_problems(config)
        yield from _serverless_problems(config, request["Models"])
        yield from _async_problems(config)
        yield from _shadow_problems(config)
        yield from _unused_models(request["Models"], config)
    if deployment := request.get("DeploymentConfig"):
        yield from _guardrail_problems(deployment, config)
    if request.get("ExcludeRetainedVariantProperties") and not request.get("RetainAllVariantProperties"):
        yield Problem("ExcludeRetainedVariantProperties", "needs RetainAllVariantProperties: true beside it")
    if request.get("Rollback"):
        for field in ("Models", "EndpointConfig", "Tags"):
            if request.get(field):
                yield Problem("Rollback", f"cannot stand beside {field}; it deploys what an earlier revision held")


def variants_of(config: Mapping[str, Any], kind: str = "ProductionVariants") -> list[Document]:
    """Return the variants of an endpoint config."""
    return list(config.get(kind, []))


def all_variants(config: Mapping[str, Any]) -> Iterator[Document]:
    """Yield the production and the shadow variants of an endpoint config."""
    for kind in _KINDS:
        yield from config.get(kind, [])


def model_names(config: Mapping[str, Any]) -> list[str]:
    """Return the models of an endpoint config, each once: those of its variants, and of their pools of instances."""
    parts = ((variant, *variant.get("InstancePools", [])) for variant in all_variants(config))
    names = (part.get("ModelName") or part.get("ModelNameOverride") for each in parts for part in each)
    return list(dict.fromkeys(name for name in names if name))


def config_names(endpoint: Mapping[str, Any]) -> set[str]:
    """Return the endpoint config that a described endpoint has, and the one that it is being changed to."""
    parts = (endpoint, endpoint.get("PendingDeploymentSummary", {}))
    return {part["EndpointConfigName"] for part in parts if "EndpointConfigName" in part}


def _model_problems(path: str, model: Document) -> Iterator[Problem]:
    if "PrimaryContainer" in model and "Containers" in model:
        yield Problem(f"{path}.Containers", "cannot stand beside PrimaryContainer; use one of them")
    containers = [("PrimaryContainer", model["PrimaryContainer"])] if "PrimaryContainer" in model else []
    containers += [(f"Containers[{index}]", entry) for index, entry in enumerate(model.get("Containers", []))]
    for name, container in containers:
        where = f"{path}.{name}"
        if "ModelPackageName" in container:
            for beside in sorted(container.keys() & {"Image", "ModelDataUrl", "ModelDataSource"}):
                yield Problem(f"{where}.{beside}", "cannot stand beside ModelPackageName, which holds it")
        if "ModelDataUrl" in container and "ModelDataSource" in container:
            yield Problem(f"{where}.ModelDataSource", "cannot stand beside ModelDataUrl; use one of them")
        sources = [("ModelDataSource", container.get("ModelDataSource", {}))]
        additional = container.get("AdditionalModelDataSources", [])
        sources += [(f"AdditionalModelDataSources[{index}]", entry) for index, entry in enumerate(additional)]
        for source_name, source in sources:
            data = source.get("S3DataSource", {})
            if data.get("S3DataType") == "S3Prefix" and not data.get("S3Uri", "").endswith("/"):
                yield Problem(
                    f"{where}.{source_name}.S3DataSource.S3Uri", "must end in a slash, as S3DataType is S3Prefix"
                )


def _variant_problems(config: Document) -> Iterator[Problem]:
    for kind in _KINDS:
        variants = variants_of(config, kind)
        if len(variants) > _MOST_VARIANTS:
            yield Problem(f"{_CONFIG}.{kind}", f"has {len(variants)} entries; SageMaker takes at most {_MOST_VARIANTS}")
        for index, variant in enumerate(variants):
            yield from _instance_problems(f"{_CONFIG}.{kind}[{index}]", variant)
    names = [variant["VariantName"] for variant in all_variants(config)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(f"{_CONFIG}.ProductionVariants", f"has several variants of the name '{name}'")
    variants = variants_of(config)
    if variants and sum(variant.get("InitialVariantWeight", 1) for variant in variants) <= 0:
        yield Problem(f"{_CONFIG}.ProductionVariants", "has weights whose sum is 0, so nobody would answer")


def _instance_problems(path: str, variant: Document) -> Iterator[Problem]:
    if "ServerlessConfig" in variant:
        for beside in sorted(
            variant.keys() & {"InstanceType", "InitialInstanceCount", "InstancePools", "AcceleratorType"}
        ):
            yield Problem(f"{path}.{beside}", "cannot stand beside ServerlessConfig")
    elif "InstancePools" not in variant:
        for needed in ("InstanceType", "InitialInstanceCount"):
            if needed not in variant:
                yield Problem(f"{path}.{needed}", "is missing; a variant has either instances or a ServerlessConfig")


def is_serverless(config: Document) -> bool:
    """Tell whether an endpoint config has a serverless variant."""
    return any("ServerlessConfig" in variant for variant in variants_of(config))


def _serverless_problems(config: Document, models: Mapping[str, Document]) -> Iterator[Problem]:
    if not is_serverless(config):
        return
    for index, variant in enumerate(variants_of(config)):
        path = f"{_CONFIG}.ProductionVariants[{index}]"
        serverless = variant.get("ServerlessConfig")
        if serverless is None:
            yield Problem(path, "has instances beside a serverless variant; an endpoint is one or the other")
            continue
        memory, most = serverless["MemorySizeInMB"], serverless["MaxConcurrency"]
        if memory not in _MEMORY_SIZES_MB:
            yield Problem(
                f"{path}.ServerlessConfig.MemorySizeInMB", f"{memory} is not one of {listed(_MEMORY_SIZES_MB)}"
            )
        if most > _MOST_CONCURRENCY:
            yield Problem(f"{path}.ServerlessConfig.MaxConcurrency", f"{most} is more than {_MOST_CONCURRENCY}")
        if serverless.get("ProvisionedConcurrency", 0) > most:
            yield Problem(f"{path}.ServerlessConfig.ProvisionedConcurrency", f"is more than MaxConcurrency, {most}")
        yield from _not_for_serverless(
            models.get(variant.get("ModelName", ""), {}), f"Models.{variant.get('ModelName')}"
        )
    for field in ("DataCaptureConfig", "AsyncInferenceConfig", "ShadowProductionVariants", "VpcConfig"):
        if config.get(field):
            yield Problem(f"{_CONFIG}.{field}", "is not for serverless endpoints")


def _not_for_serverless(model: Document, path: str) -> Iterator[Problem]:
    if "VpcConfig" in model:
        yield Problem(f"{path}.VpcConfig", "is not for serverless endpoints")
    if model.get("EnableNetworkIsolation"):
        yield Problem(f"{path}.EnableNetworkIsolation", "is not for serverless endpoints")
    if model.get("PrimaryContainer", {}).get("Mode") == "MultiModel":
        yield Problem(f"{path}.PrimaryContainer.Mode", "MultiModel is not for serverless endpoints")


def _async_problems(config: Document) -> Iterator[Problem]:
    if "AsyncInferenceConfig" in config and len(variants_of(config)) != 1:
        yield Problem(f"{_CONFIG}.AsyncInferenceConfig", "needs exactly one production variant")


def _shadow_problems(config: Document) -> Iterator[Problem]:
    shadows = variants_of(config, "ShadowProductionVariants")
    if shadows and (len(shadows) != 1 or len(variants_of(config)) != 1):
        yield Problem(f"{_CONFIG}.ShadowProductionVariants", "needs exactly one shadow and one production variant")


def _unused_models(models: Mapping[str, Document], config: Document) -> Iterator[Problem]:
    used = model_names(config)
    for key in models:
        if key not in used:
            yield Problem(f"Models.{key}", "is used by no variant")


def unguarded(config: Document) -> str:
    """Tell why SageMaker would pass over guardrails for a config, and shift all traffic at once; or nothing.

    The source is the SageMaker Developer Guide, "Exclusions" of deployment guardrails.
    """
    for variant in variants_of(config):
        if "ServerlessConfig" in variant:
            return "serverless endpoints"
        if variant.get("InstanceType", "").startswith("ml.inf1."):
            return "Inf1 instances"
        if "AcceleratorType" in variant:
            return "Elastic Inference"
    return ""


def _guardrail_problems(deployment: Document, config: Document | None) -> Iterator[Problem]:
    path = "DeploymentConfig"
    if config is not None and (why := unguarded(config)):
        yield Problem(path, f"is not for {why}; SageMaker would pass over it and shift all traffic at once")
        return
    blue_green, rolling = deployment.get("BlueGreenUpdatePolicy"), deployment.get("RollingUpdatePolicy")
    if blue_green and rolling:
        yield Problem(f"{path}.RollingUpdatePolicy", "cannot stand beside BlueGreenUpdatePolicy; use one of them")
    if blue_green:
        yield from _traffic_problems(
            blue_green["TrafficRoutingConfiguration"], f"{path}.BlueGreenUpdatePolicy.TrafficRoutingConfiguration"
        )
    if rolling:
        for field, percent in (("MaximumBatchSize", _ROLLING_PERCENT), ("RollbackMaximumBatchSize", _ROLLBACK_PERCENT)):
            if size := rolling.get(field):
                yield from _percent_problems(size, percent, f"{path}.RollingUpdatePolicy.{field}.Value")
        if config is not None and len(variants_of(config)) > 1:
            yield Problem(f"{path}.RollingUpdatePolicy", "is not for several variants")


def _traffic_problems(routing: Document, path: str) -> Iterator[Problem]:
    sizes = {"CANARY": ("CanarySize", _CANARY_PERCENT), "LINEAR": ("LinearStepSize", _LINEAR_PERCENT)}
    needed, percent = sizes.get(routing["Type"], ("", (1, 100)))
    for field in ("CanarySize", "LinearStepSize"):
        if field in routing and field != needed:
            yield Problem(f"{path}.{field}", f"is not for traffic of the type {routing['Type']}")
    if needed and needed not in routing:
        yield Problem(f"{path}.{needed}", f"is missing; traffic of the type {routing['Type']} needs it")
    elif needed:
        yield from _percent_problems(routing[needed], percent, f"{path}.{needed}.Value")


def _percent_problems(size: Document, bounds: tuple[int, int], path: str) -> Iterator[Problem]:
    low, high = bounds
    if size["Type"] == "CAPACITY_PERCENT" and not low <= size["Value"] <= high:
        yield Problem(path, f"{size['Value']} is not {low} to {high} percent")


def listed(values: Iterable[object]) -> str:
    """Write values in their order, with commas."""
    return ", ".join(map(str, sorted(values, key=str)))
