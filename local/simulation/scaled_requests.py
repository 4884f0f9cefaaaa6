"""Builds the scaling of requests: bounds, policies and scheduled actions, of instances and of concurrency."""

from __future__ import annotations

import json
from random import Random

from local.json_document import Document

_UNSCALED = 0.6
"""The share of requests without scaling, of those that can have some."""

_STEPPED = 0.5
"""The share of scaled requests with a step policy."""

_ACTION: Document = {
    "ScheduledActionName": "night",
    "Schedule": "cron(0 22 * * ? *)",
    "ScalableTargetAction": {"MinCapacity": 1, "MaxCapacity": 1},
}


def with_scaling(document: Document) -> Document:
    """Scale the only variant of some requests.

    Some of those on instances get larger ones, for which a target has to be set aside.
    """
    random = Random(json.dumps(document, sort_keys=True))  # noqa: S311 - repeatable, not secret
    if random.random() < _UNSCALED:
        return document
    (variant,) = document["EndpointConfig"]["ProductionVariants"]
    is_serverless = "ServerlessConfig" in variant
    policies = [_policy(name, is_serverless=is_serverless) for name in random.choice([[], ["a"], ["a", "b"]])]
    scaled: Document = {
        "ScalableTarget": {"MinCapacity": 1, "MaxCapacity": random.choice([2, 4])},
        "Policies": policies,
    }
    if is_serverless:
        variant = {**variant, "ServerlessConfig": {**variant["ServerlessConfig"], "ProvisionedConcurrency": 1}}
    else:
        variant = {**variant, "InstanceType": random.choice(["ml.m5.large", "ml.m5.xlarge"])}
    scaled["ScheduledActions"] = random.choice([[], [], [_ACTION]])
    if random.random() < _STEPPED:
        policies.append(_step_policy(random.choice([10, 1000])))
    config = {**document["EndpointConfig"], "ProductionVariants": [variant]}
    return {**document, "EndpointConfig": config, "Scaling": {variant["VariantName"]: scaled}}


def _policy(name: str, *, is_serverless: bool) -> Document:
    metric = "ProvisionedConcurrencyUtilization" if is_serverless else "InvocationsPerInstance"
    return {
        "PolicyName": name,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 0.7 if is_serverless else 70.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": f"SageMakerVariant{metric}"},
        },
    }


def _step_policy(threshold: int) -> Document:
    """Build a policy that adds one when there are more invocations in a minute than a threshold."""
    alarm = {
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocations",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": threshold,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    return {
        "PolicyName": "steps",
        "PolicyType": "StepScaling",
        "StepScalingPolicyConfiguration": {
            "AdjustmentType": "ChangeInCapacity",
            "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
        },
        "Alarms": [alarm],
    }
