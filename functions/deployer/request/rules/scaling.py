"""Rules for the scaling of variants. Pure.

The sources are the Application Auto Scaling API Reference (RegisterScalableTarget, PutScalingPolicy,
PutScheduledAction) and the SageMaker Developer Guide, "Automatic scaling of Amazon SageMaker AI models",
"Automatically scale Provisioned Concurrency for a serverless endpoint" and "Autoscale an asynchronous endpoint".
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from deployer.endpoint_config import variants_of
from deployer.json_document import Document
from deployer.request.problem import Problem, listed, nearest, shown
from deployer.request.rules.rollback_alarms import alarm_problems
from deployer.request.scheduled_actions import schedule_problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CONFIGURATIONS = {
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
    "StepScaling": "StepScalingPolicyConfiguration",
}
_SCHEDULE = re.compile(r"(at|rate|cron)\(.+\)")
_OF_CONCURRENCY = "SageMakerVariantProvisionedConcurrencyUtilization"
_OF_COPIES = "SageMakerInferenceComponent"


def scaling_problems(scaling: Document, config: Document | None) -> Iterator[Problem]:
    """Yield what is wrong with the scaling of a request, and between it and the endpoint config.

    Args:
        scaling: The field `Scaling`.
        config: The endpoint config; None while the stack's default one is not filled in.
    """
    for name, wanted in scaling.items():
        path = f"Scaling.{name}"
        yield from _target_problems(f"{path}.ScalableTarget", wanted["ScalableTarget"])
        yield from _repetitions(f"{path}.Policies", "PolicyName", wanted["Policies"])
        yield from _repetitions(f"{path}.ScheduledActions", "ScheduledActionName", wanted["ScheduledActions"])
        for index, policy in enumerate(wanted["Policies"]):
            yield from _policy_problems(f"{path}.Policies[{index}]", policy)
        for index, action in enumerate(wanted["ScheduledActions"]):
            yield from _action_problems(f"{path}.ScheduledActions[{index}]", action)
        if config is not None:
            yield from _problems_in_config(path, name, wanted, config)


def _target_problems(path: str, target: Document) -> Iterator[Problem]:
    for needed in ("MinCapacity", "MaxCapacity"):
        if needed not in target:
            yield Problem(f"{path}.{needed}", "is missing")
    yield from _order_problems(path, target)


def _order_problems(path: str, bounds: Document) -> Iterator[Problem]:
    least, most = bounds.get("MinCapacity", 0), bounds.get("MaxCapacity")
    if least < 0:
        yield Problem(f"{path}.MinCapacity", f"{least} is less than 0")
    if most is not None and most < least:
        yield Problem(f"{path}.MaxCapacity", f"{most} is less than MinCapacity, {least}")


def _repetitions(path: str, member: str, entries: Iterable[Document]) -> Iterator[Problem]:
    seen = set[str]()
    for index, entry in enumerate(entries):
        if entry[member] in seen:
            yield Problem(f"{path}[{index}].{member}", f"{shown(entry[member])} is that of another entry")
        seen.add(entry[member])


def _policy_problems(path: str, policy: Document) -> Iterator[Problem]:
    kind = policy.get("PolicyType")
    if kind not in _CONFIGURATIONS:
        found = "is missing" if kind is None else f"{shown(kind)} is not for SageMaker"
        yield Problem(f"{path}.PolicyType", f"{found}; write {' or '.join(sorted(_CONFIGURATIONS))}")
        return
    for each, member in _CONFIGURATIONS.items():
        if each == kind and member not in policy:
            yield Problem(f"{path}.{member}", f"is missing; a policy of the type {kind} has it")
        elif each != kind and member in policy:
            yield Problem(f"{path}.{member}", f"is not for a policy of the type {kind}; leave it out")
    if kind == "StepScaling":
        yield from _step_problems(path, policy)
        return
    if policy.get("Alarms"):
        yield Problem(f"{path}.Alarms", f"is not for a policy of the type {kind}, which makes its own; leave it out")
    tracking = policy.get(_CONFIGURATIONS[kind])
    metrics = {"PredefinedMetricSpecification", "CustomizedMetricSpecification"}
    if tracking is not None and len(metrics & tracking.keys()) != 1:
        yield Problem(f"{path}.{_CONFIGURATIONS[kind]}", f"needs one of {listed(metrics)}")


def _step_problems(path: str, policy: Document) -> Iterator[Problem]:
    """Yield what a step policy and its alarms lack."""
    steps = policy.get(_CONFIGURATIONS["StepScaling"], {"AdjustmentType": "", "StepAdjustments": [{}]})
    for needed in ("AdjustmentType", "StepAdjustments"):
        if needed not in steps or steps[needed] == []:
            yield Problem(f"{path}.{_CONFIGURATIONS['StepScaling']}.{needed}", "is missing")
    for index, alarm in enumerate(policy.get("Alarms", [])):
        yield from alarm_problems(f"{path}.Alarms[{index}]", alarm)


def _action_problems(path: str, action: Document) -> Iterator[Problem]:
    if not _SCHEDULE.fullmatch(action.get("Schedule", "")):
        found = shown(action["Schedule"]) if "Schedule" in action else "is missing"
        yield Problem(f"{path}.Schedule", f"{found}; write at(…), rate(…) or cron(…)")
    bounds = action.get("ScalableTargetAction", {})
    if not bounds.keys() & {"MinCapacity", "MaxCapacity"}:
        yield Problem(f"{path}.ScalableTargetAction", "needs MinCapacity, MaxCapacity or both")
    yield from _order_problems(f"{path}.ScalableTargetAction", bounds)
    yield from schedule_problems(path, action)
    for member in ("StartTime", "EndTime"):
        if member in action and not _is_moment(action[member]):
            yield Problem(
                f"{path}.{member}", f"{shown(action[member])} is not a time with a time zone; write it in ISO 8601"
            )


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _problems_in_config(path: str, name: str, wanted: Document, config: Document) -> Iterator[Problem]:
    variants = {variant.get("VariantName", ""): variant for variant in variants_of(config)}
    if name not in variants:
        yield Problem(path, f"names no production variant of the request{nearest(name, variants)}")
    elif "ExecutionRoleArn" in config:
        yield Problem(path, "is not for variants of inference components; see their ManagedInstanceScaling")
    elif "ServerlessConfig" in variants[name]:
        yield from _serverless_problems(path, wanted, variants[name]["ServerlessConfig"])
    else:
        yield from _instance_problems(path, wanted, variants[name], is_asynchronous="AsyncInferenceConfig" in config)


def _instance_problems(path: str, wanted: Document, variant: Document, *, is_asynchronous: bool) -> Iterator[Problem]:
    if "InstancePools" in variant:
        yield Problem(path, "is not for a variant with InstancePools, which SageMaker scales itself")
    for where, bounds in _all_bounds(path, wanted):
        if bounds.get("MinCapacity") == 0 and not is_asynchronous:
            yield Problem(f"{where}.MinCapacity", "0 is for asynchronous endpoints only; write at least 1")
    target, count = wanted["ScalableTarget"], variant.get("InitialInstanceCount", 1)
    yield from _beginning_problems(f"{path}.ScalableTarget", target, "InitialInstanceCount", count)
    yield from _metric_problems(path, wanted, is_serverless=False)


def _serverless_problems(path: str, wanted: Document, serverless: Document) -> Iterator[Problem]:
    if "ProvisionedConcurrency" not in serverless:
        yield Problem(path, "needs ProvisionedConcurrency in the ServerlessConfig, which is what it scales")
    for where, bounds in _all_bounds(path, wanted):
        if bounds.get("MinCapacity") == 0:
            yield Problem(f"{where}.MinCapacity", "0 is for asynchronous endpoints only; write at least 1")
        if bounds.get("MaxCapacity", 0) > serverless["MaxConcurrency"]:
            yield Problem(f"{where}.MaxCapacity", f"is more than MaxConcurrency, {serverless['MaxConcurrency']}")
    if "ProvisionedConcurrency" in serverless:
        count = serverless["ProvisionedConcurrency"]
        yield from _beginning_problems(
            f"{path}.ScalableTarget", wanted["ScalableTarget"], "ProvisionedConcurrency", count
        )
    yield from _metric_problems(path, wanted, is_serverless=True)


def _beginning_problems(path: str, target: Document, member: str, count: int) -> Iterator[Problem]:
    """Yield that what a variant begins with is outside of the bounds."""
    least, most = target.get("MinCapacity", 0), target.get("MaxCapacity", count)
    if not least <= count <= most and least <= most:
        yield Problem(path, f"is from {least} to {most}, and {member} is {count}; begin within the bounds")


def _metric_problems(path: str, wanted: Document, *, is_serverless: bool) -> Iterator[Problem]:
    """Yield predefined metrics that variants of this kind do not have."""
    for index, policy in enumerate(wanted["Policies"]):
        tracking = policy.get(_CONFIGURATIONS["TargetTrackingScaling"], {})
        metric = tracking.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType", "")
        is_fit = metric.startswith("SageMakerVariant") and (metric == _OF_CONCURRENCY) == is_serverless
        if metric and (not is_fit or metric.startswith(_OF_COPIES)):
            kind = "a serverless variant" if is_serverless else "a variant on instances"
            where = f"{path}.Policies[{index}].{_CONFIGURATIONS['TargetTrackingScaling']}.PredefinedMetricSpecification"
            yield Problem(f"{where}.PredefinedMetricType", f"{metric} is not a metric of {kind}")


def _all_bounds(path: str, wanted: Document) -> Iterator[tuple[str, Document]]:
    yield f"{path}.ScalableTarget", wanted["ScalableTarget"]
    for index, action in enumerate(wanted["ScheduledActions"]):
        yield f"{path}.ScheduledActions[{index}].ScalableTargetAction", action.get("ScalableTargetAction", {})
