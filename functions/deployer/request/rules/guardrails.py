"""Rules for deployment guardrails. Pure.

The sources are the SageMaker Developer Guide, "Deployment guardrails", with its list of exclusions, and the API
Reference (BlueGreenUpdatePolicy, RollingUpdatePolicy, TrafficRoutingConfig, CapacitySize).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.endpoint_config import variants_of
from deployer.json_document import Document
from deployer.request.problem import Problem
from deployer.request.rules.models import is_marketplace, models_of
from deployer.request.rules.variants import family, instance_types
from deployer.request.rules.waits import limit_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_PATH = "DeploymentConfig"
_ROUTING = f"{_PATH}.BlueGreenUpdatePolicy.TrafficRoutingConfiguration"
_ROLLING = f"{_PATH}.RollingUpdatePolicy"

_SHARES = {
    f"{_ROUTING}.CanarySize": (1, 50),
    f"{_ROUTING}.LinearStepSize": (10, 50),
    f"{_ROLLING}.MaximumBatchSize": (5, 50),
    f"{_ROLLING}.RollbackMaximumBatchSize": (5, 100),
}
"""The least and the largest part of a variant's instances that a size may be, in percent."""


def unguarded(config: Document, models: Mapping[str, Document] | None = None) -> str:
    """Explain why SageMaker would ignore guardrails and shift all traffic at once; empty if it would not."""
    for variant in variants_of(config):
        if "ServerlessConfig" in variant:
            return "serverless endpoints"
        if any(family(each) == "inf1" for _, each in instance_types(variant)):
            return "Inf1 instances"
        if "AcceleratorType" in variant:
            return "Elastic Inference"
    if any(is_marketplace(model) for model in models_of(variants_of(config), models or {}).values()):
        return "models of AWS Marketplace"
    return ""


def guardrail_problems(
    deployment: Document, config: Document | None, models: Mapping[str, Document]
) -> Iterator[Problem]:
    """Yield what is wrong within a DeploymentConfig, and with it for an endpoint config."""
    if config is not None and (why := unguarded(config, models)):
        yield Problem(_PATH, f"is not for {why}; SageMaker would ignore it and shift all traffic at once")
        return
    blue_green, rolling = deployment.get("BlueGreenUpdatePolicy"), deployment.get("RollingUpdatePolicy")
    if blue_green and rolling:
        yield Problem(_ROLLING, "cannot be used with BlueGreenUpdatePolicy; use one of them")
    if blue_green:
        yield from _routing_problems(blue_green["TrafficRoutingConfiguration"])
    if rolling and config is not None and len(variants_of(config)) > 1:
        yield Problem(_ROLLING, "is not for several variants")
    for path, size in _sizes(deployment):
        low, high = _SHARES[path]
        if size["Type"] == "CAPACITY_PERCENT" and not low <= size["Value"] <= high:
            yield Problem(f"{path}.Value", f"{size['Value']} is not {low} to {high} percent")
    yield from limit_problems(deployment, config)


def _routing_problems(routing: Document) -> Iterator[Problem]:
    needed = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}.get(routing["Type"], "")
    for field in ("CanarySize", "LinearStepSize"):
        if field in routing and field != needed:
            yield Problem(f"{_ROUTING}.{field}", f"is not for traffic of the type {routing['Type']}")
    if needed and needed not in routing:
        yield Problem(f"{_ROUTING}.{needed}", f"is missing; traffic of the type {routing['Type']} needs it")


def _sizes(deployment: Document) -> Iterator[tuple[str, Document]]:
    """Yield the sizes of a DeploymentConfig that count, each with its path."""
    routing = deployment.get("BlueGreenUpdatePolicy", {}).get("TrafficRoutingConfiguration", {})
    rolling = deployment.get("RollingUpdatePolicy", {})
    for kind, field in (("CANARY", "CanarySize"), ("LINEAR", "LinearStepSize")):
        if routing.get("Type") == kind and field in routing:
            yield f"{_ROUTING}.{field}", routing[field]
    for field in ("MaximumBatchSize", "RollbackMaximumBatchSize"):
        if field in rolling:
            yield f"{_ROLLING}.{field}", rolling[field]


def instance_size_problems(deployment: Document, config: Document) -> Iterator[Problem]:
    """Yield sizes in instances that are too large or too small a part of a variant, which has its initial count."""
    for path, size in _sizes(deployment):
        low, high = _SHARES[path]
        for variant in variants_of(config):
            count, value = variant.get("InitialInstanceCount", 0), size["Value"]
            if size["Type"] != "INSTANCE_COUNT" or not count or low * count <= 100 * value <= high * count:
                continue
            yield Problem(
                f"{path}.Value",
                f"{value} of the {count} instances of variant {variant['VariantName']} is not {low} to {high} percent",
            )
