"""Policies, scheduled actions and alarms of requests with scaling, in the words of the API."""

from __future__ import annotations

from deployer.json_document import Document

BUSY: Document = {
    "Namespace": "AWS/SageMaker",
    "MetricName": "Invocations",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 1000,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}
"""An alarm that starts a step policy."""


def tracking(name: str, value: float = 70.0) -> Document:
    """Build a policy that keeps the invocations for each instance at a value."""
    return {
        "PolicyName": name,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": value,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        },
    }


def steps(name: str, by: int, *alarms: Document) -> Document:
    """Build a policy that changes the capacity by a number of instances when one of its alarms, if any, goes off."""
    return {
        "PolicyName": name,
        "PolicyType": "StepScaling",
        "StepScalingPolicyConfiguration": {
            "AdjustmentType": "ChangeInCapacity",
            "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": by}],
        },
        **({"Alarms": [*alarms]} if alarms else {}),
    }


def nightly(start: str, **bounds: int) -> Document:
    """Build a scheduled action that sets bounds each night."""
    return {
        "ScheduledActionName": "night",
        "Schedule": "cron(0 22 * * ? *)",
        "StartTime": start,
        "ScalableTargetAction": bounds,
    }
