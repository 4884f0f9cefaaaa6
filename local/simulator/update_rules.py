"""Rules of UpdateEndpoint.

The source of the rules is the SageMaker Developer Guide, in its chapters on deployment guardrails, serverless inference
and automatic scaling. Where the service's words are not known, these are ours.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from local.json_document import Document
from local.simulator.errors import ServiceError, in_progress, invalid
from local.simulator.model_rules import is_marketplace
from local.simulator.rollout import waiting_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulator.replicas import Table
    from local.simulator.variants import Variants

_CHANGING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
_CANARY = (0.0, 0.5)
_LINEAR = (0.1, 0.5)
_ROLLING = (0.05, 0.5)
_ROLLING_BACK = (0.05, 1.0)
_SIZES = {"CANARY": ("CanarySize", _CANARY), "LINEAR": ("LinearStepSize", _LINEAR)}


def is_changing(record: Document) -> bool:
    """Return whether an endpoint is changing: nothing else can be done to it then.

    Source: API Reference, DescribeEndpoint (EndpointStatus).
    """
    return record["EndpointStatus"] in _CHANGING


def check_status(record: Document) -> None:
    """Raise what SageMaker answers to a change of an endpoint that is not in service.

    Source: API Reference, DescribeEndpoint (SystemUpdating, Failed); the words are the simulator's.
    """
    if is_changing(record):
        raise in_progress(record["EndpointArn"])
    if record["EndpointStatus"] != "InService":
        # "DeleteEndpoint is the only operation that can be performed on a failed endpoint", says the API.
        raise invalid(f'Cannot update endpoint "{record["EndpointArn"]}" in status {record["EndpointStatus"]}.')


def check_request(request: Document) -> None:
    """Raise what SageMaker answers to a request that contradicts itself.

    Source: API Reference, UpdateEndpoint, BlueGreenUpdatePolicy (one policy only).
    """
    if request.get("ExcludeRetainedVariantProperties") and not request.get("RetainAllVariantProperties"):
        raise invalid("ExcludeRetainedVariantProperties can only be specified if RetainAllVariantProperties is true.")
    deployment = request.get("DeploymentConfig", {})
    if "BlueGreenUpdatePolicy" in deployment and "RollingUpdatePolicy" in deployment:
        raise invalid("Only one update policy can be specified in DeploymentConfig.")


def check_update(
    live: Document,
    target: Variants,
    deployment: Document,
    models: Table[Document],
    is_scaled: Callable[[str], bool],
) -> Document:
    """Raise what SageMaker answers to a change between two configs that it does not make.

    Source: Developer Guide, "Deployment guardrails" (exclusions), "Serverless Inference", "Asynchronous inference".

    Args:
        live: The endpoint config that is attached.
        target: The new endpoint config.
        deployment: The DeploymentConfig.
        models: The models.
        is_scaled: Callback: returns whether Application Auto Scaling manages a variant.

    Returns:
        The DeploymentConfig that SageMaker follows: without guardrails where it ignores them and shifts all traffic
        at once.
    """
    wanted = target.config
    _check_kind(live, wanted)
    _check_scaled(live, wanted, is_scaled)
    rolling = deployment.get("RollingUpdatePolicy")
    is_multiple = any(len(config["ProductionVariants"]) > 1 for config in (live, wanted))
    if rolling and (is_multiple or _is_serverless(live) or _is_serverless(wanted)):
        raise invalid("RollingUpdatePolicy is not supported with the given EndpointConfig setup.")
    if not deployment or any(is_unguarded(config, models) for config in (live, wanted)):
        return {}
    if _names(wanted) != _names(live):
        raise invalid(
            "Deployment guardrails require the new and the current endpoint configuration "
            "to have the same variant names."
        )
    _check_time(deployment, target)
    _check_sizes(deployment, target)
    return deployment


def _check_kind(live: Document, wanted: Document) -> None:
    """Check that an endpoint stays on instances, or asynchronous.

    Source: Developer Guide, "Serverless Inference", "Asynchronous inference".
    """
    if _is_serverless(wanted) and not _is_serverless(live):
        raise invalid("Cannot update an instance based endpoint to a serverless endpoint.")
    if "AsyncInferenceConfig" in live and "AsyncInferenceConfig" not in wanted:
        raise invalid("AsyncInferenceConfig cannot be removed from an endpoint.")


def _check_sizes(deployment: Document, target: Variants) -> None:
    """Check the sizes of the steps or batches of a DeploymentConfig."""
    rolling = deployment.get("RollingUpdatePolicy")
    if rolling:
        _check_size("MaximumBatchSize", rolling, target, _ROLLING)
        if "RollbackMaximumBatchSize" in rolling:
            _check_size("RollbackMaximumBatchSize", rolling, target, _ROLLING_BACK)
    routing = deployment.get("BlueGreenUpdatePolicy", {}).get("TrafficRoutingConfiguration", {})
    if routing.get("Type") in _SIZES:
        member, bounds = _SIZES[routing["Type"]]
        _check_size(member, routing, target, bounds)


def _check_time(deployment: Document, target: Variants) -> None:
    """The longest time that an update may take has to be more than its waits.

    Source: API Reference, BlueGreenUpdatePolicy (MaximumExecutionTimeoutInSeconds).
    """
    for name in ("BlueGreenUpdatePolicy", "RollingUpdatePolicy"):
        longest = deployment.get(name, {}).get("MaximumExecutionTimeoutInSeconds", math.inf)
        if longest <= waiting_seconds(deployment, max(target.counts.values(), default=1)):
            raise invalid(f"MaximumExecutionTimeoutInSeconds must be more than the waits of {name} together.")


def _check_scaled(live: Document, wanted: Document, is_scaled: Callable[[str], bool]) -> None:
    """Check that what is autoscaled keeps its name and its instance type.

    Source: Developer Guide, "Automatic scaling of Amazon SageMaker AI models".
    """
    types = {variant["VariantName"]: variant.get("InstanceType") for variant in wanted["ProductionVariants"]}
    fixed = [
        variant["VariantName"]
        for variant in live["ProductionVariants"]
        if types.get(variant["VariantName"]) != variant.get("InstanceType") and is_scaled(variant["VariantName"])
    ]
    if fixed:
        raise invalid(
            f'The variant(s) "[{", ".join(fixed)}]" must be deregistered as scalable targets with AWS Auto Scaling '
            "before they can be removed or have their instance type updated."
        )


def _check_size(member: str, policy: Document, target: Variants, bounds: tuple[float, float]) -> None:
    """Check a size against its bounds, which are parts of each variant's instances.

    Source: API Reference, TrafficRoutingConfig, RollingUpdatePolicy. Assumed: any number of instances will do where
    there are none (trial: "sizes in instances of a variant scaled to none").
    """
    size, (low, high) = policy.get(member), bounds
    if size is None:
        raise invalid(f"{member} is required for the specified update policy.")
    wholes = [100] if size["Type"] == "CAPACITY_PERCENT" else [count for count in target.counts.values() if count]
    if not all(low <= size["Value"] / whole <= high for whole in wholes):
        raise _out_of_bounds(member, low, high)


def _out_of_bounds(member: str, low: float, high: float) -> ServiceError:
    """Return the refusal of a size. Source: API Reference, RollingUpdatePolicy; the words are the simulator's."""
    least = f"between {low:.0%} and" if low else "at most"
    return invalid(f"{member} must be {least} {high:.0%} of the variant's total instance count.")


def _is_serverless(config: Document) -> bool:
    return any("ServerlessConfig" in variant for variant in config["ProductionVariants"])


def is_unguarded(config: Document, models: Table[Document]) -> bool:
    """Return whether SageMaker has no guardrails for a config.

    Source: Developer Guide, "Deployment guardrails" (exclusions).
    """
    return _is_serverless(config) or any(
        variant.get("InstanceType", "").startswith("ml.inf1.")
        or is_marketplace(models.current(variant.get("ModelName", "")) or {})
        for variant in config["ProductionVariants"]
    )


def _names(config: Document) -> set[str]:
    return {variant["VariantName"] for variant in config["ProductionVariants"]}
