"""Rules for the time that deployment guardrails take by their waits alone. Pure.

SageMaker ends a deployment that takes longer than its MaximumExecutionTimeoutInSeconds, which has to be larger than all
waits together (API Reference, BlueGreenUpdatePolicy); the stack gives up after its deployment timeout.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from deployer.endpoint_config import variants_of
from deployer.json_document import Document
from deployer.request.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator


_POLICIES = ("BlueGreenUpdatePolicy", "RollingUpdatePolicy")


def waiting_seconds(deployment: Document, config: Document | None) -> int:
    """Return the seconds that an update waits at the least: between its steps, and before the old fleet ends.

    Args:
        deployment: The DeploymentConfig.
        config: The endpoint config, whose initial counts say how many steps there are; None if it is not known.
    """
    blue_green, rolling = (deployment.get(policy, {}) for policy in _POLICIES)
    routing = blue_green.get("TrafficRoutingConfiguration", {})
    wait, ending = routing.get("WaitIntervalInSeconds", 0), blue_green.get("TerminationWaitInSeconds", 0)
    match routing.get("Type"):
        case "CANARY":
            return int(wait + ending)
        case "LINEAR" if "LinearStepSize" in routing:
            return int((_steps(routing["LinearStepSize"], config) - 1) * wait + ending)
        case "ALL_AT_ONCE":
            return int(ending)
    if rolling:
        return int(_steps(rolling["MaximumBatchSize"], config) * rolling["WaitIntervalInSeconds"])
    return 0


def limit_problems(deployment: Document, config: Document | None) -> Iterator[Problem]:
    """Yield time limits of a DeploymentConfig that are shorter than its waits."""
    seconds = waiting_seconds(deployment, config)
    for policy in _POLICIES:
        most = deployment.get(policy, {}).get("MaximumExecutionTimeoutInSeconds")
        if most is not None and most <= seconds:
            yield Problem(
                f"DeploymentConfig.{policy}.MaximumExecutionTimeoutInSeconds",
                f"{most} is not more than the {seconds} s that the waits of the policy take together",
            )


def timeout_problems(deployment: Document | None, config: Document | None, timeout_seconds: float) -> Iterator[Problem]:
    """Yield waits that take longer than the stack gives a deployment, in seconds."""
    seconds = waiting_seconds(deployment or {}, config)
    if seconds >= timeout_seconds:
        yield Problem(
            "DeploymentConfig",
            f"waits {seconds} s in all, and this stack gives a deployment up after {timeout_seconds:.0f} s; "
            "shorten the waits, or see its parameter DeploymentTimeoutSeconds",
        )


def _steps(size: Document, config: Document | None) -> int:
    """Return the least number of steps of a size that take all instances of some variant."""
    counts = [variant.get("InitialInstanceCount", 1) for variant in variants_of(config or {})] or [1]
    count = int(min(counts))
    in_instances = size["Value"] if size["Type"] == "INSTANCE_COUNT" else math.ceil(size["Value"] * count / 100)
    steps: int = math.ceil(count / max(1, in_instances))
    return steps
