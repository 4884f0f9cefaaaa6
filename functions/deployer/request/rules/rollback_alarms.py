"""Rules for the alarms that a request wants for its guardrails. Pure.

What an alarm needs beside the fields that the service model requires: CloudWatch API Reference, PutMetricAlarm.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deployer.json_document import Document
from deployer.request.problem import Problem, listed, shown
from deployer.request.rollback_alarms import SHORT_FORMS, expanded

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_ALARMS = 10
"""Alarms of one update (SageMaker API Reference, AutoRollbackConfig)."""

_PATH = "RollbackAlarms"
_TOPIC = re.compile(r"arn:[^:]+:sns:.+")
_ACTIONS = ("OKActions", "AlarmActions", "InsufficientDataActions")


def rollback_alarm_problems(request: Document) -> Iterator[Problem]:
    """Yield what is wrong between a request's `RollbackAlarms` and its other fields."""
    wanted, config = request.get(_PATH) or {}, request.get("EndpointConfig")
    if not any(wanted.values()):
        return
    if not request.get("DeploymentConfig"):
        yield Problem(_PATH, "needs a DeploymentConfig beside it: SageMaker looks at alarms while guardrails apply")
    if why := without_variant_metrics(config):
        for form in SHORT_FORMS:
            if wanted.get(form):
                yield Problem(f"{_PATH}.{form}", f"is not for {why}, which has other metrics; use Alarms")
    for index, alarm in enumerate(wanted.get("Alarms", [])):
        yield from alarm_problems(f"{_PATH}.Alarms[{index}]", alarm)
    yield from count_problems(request)


def without_variant_metrics(config: Document | None) -> str:
    """Say which endpoints have no metrics of invocations by variant; empty for all others."""
    if "ExecutionRoleArn" in (config or {}):
        return "an endpoint of inference components"
    return "an asynchronous endpoint" if (config or {}).get("AsyncInferenceConfig") else ""


def count_problems(request: Document) -> Iterator[Problem]:
    """Yield that there are more alarms than SageMaker takes for one update."""
    rollback = (request.get("DeploymentConfig") or {}).get("AutoRollbackConfiguration", {})
    named = len(rollback.get("Alarms", []))
    made = len(expanded(request.get(_PATH) or {}, request["EndpointName"], request.get("EndpointConfig")))
    if made and named + made > MOST_ALARMS:
        beside = f", and AutoRollbackConfiguration names {named}" if named else ""
        yield Problem(
            _PATH,
            f"makes {made} alarms{beside}; SageMaker takes at most {MOST_ALARMS} in all. Each short form makes one for "
            "each variant; {} makes none",
        )


def alarm_problems(path: str, alarm: Document) -> Iterator[Problem]:
    """Yield what is wrong between the fields of a PutMetricAlarm request."""
    # Criteria by themselves say what the alarm looks at; the service model requires nothing but a name since then.
    if "EvaluationCriteria" not in alarm:
        yield from _metric_problems(path, alarm)
    for field in _ACTIONS:
        for index, action in enumerate(alarm.get(field, [])):
            # Other actions change instances, fleets or functions, which a deployment has no right to.
            if not _TOPIC.fullmatch(action):
                yield Problem(
                    f"{path}.{field}[{index}]", f"{shown(action)} is not an SNS topic; no other action is accepted"
                )


def _metric_problems(path: str, alarm: Document) -> Iterator[Problem]:
    """Yield what an alarm on a metric, or on an expression of metrics, lacks."""
    needed = ["ComparisonOperator", "EvaluationPeriods", *(["Namespace", "Period"] if "MetricName" in alarm else [])]
    if missing := [name for name in needed if name not in alarm]:
        yield Problem(path, f"lacks {listed(missing)}")
    choices = [("MetricName", "Metrics"), ("Threshold", "ThresholdMetricId")]
    choices += [("Statistic", "ExtendedStatistic")] if "MetricName" in alarm else []
    for one, other in choices:
        if (one in alarm) == (other in alarm):
            yield Problem(path, f"needs either {one} or {other}")
