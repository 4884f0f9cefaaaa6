"""The alarms of step policies, which Application Auto Scaling does not make itself: their names and requests. Pure.

An alarm is named by its content and its policy, so that no other alarm of the stack has its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.alarm_names import scaling_prefix
from deployer.planning.names import digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.json_document import Document

_NAMESPACES = frozenset({"AWS/SageMaker", "/aws/sagemaker/Endpoints"})
_OF_ENDPOINTS = frozenset(
    {
        "ApproximateAgeOfOldestRequest",
        "ApproximateBacklogSize",
        "ApproximateBacklogSizePerInstance",
        "HasBacklogWithoutCapacity",
    }
)
"""Metrics of asynchronous endpoints, which no variant has (Developer Guide, "Autoscale an asynchronous endpoint")."""


def step_alarms(variant: str, policies: list[Document], endpoint_name: str, stack: str) -> Iterator[Document]:
    """Yield the PutMetricAlarm requests of a variant's step policies, each with its `PolicyName` and no actions.

    Metrics of SageMaker get the dimensions of the variant where the request names none.

    Args:
        variant: The variant's name.
        policies: Its policies, as the request has them.
        endpoint_name: The endpoint.
        stack: The stack.
    """
    for policy in policies:
        name = policy["PolicyName"]
        for alarm in policy.get("Alarms", []):
            about = f"Scales variant {variant} of the endpoint {endpoint_name} by the policy {name}."
            whole = {"AlarmDescription": about, **_with_dimensions(alarm, endpoint_name, variant)}
            alarm_name = f"{scaling_prefix(stack)}{endpoint_name}-{digest([variant, name, whole])}"
            yield {**whole, "AlarmName": alarm_name, "PolicyName": name}


def _with_dimensions(alarm: Document, endpoint_name: str, variant: str) -> Document:
    """Fill in the dimensions of an alarm on a metric of SageMaker, or on an expression of such."""
    if "Metrics" not in alarm:
        return {**alarm, **_dimensions(alarm, endpoint_name, variant)}
    queries = [
        {**query, "MetricStat": {**stat, "Metric": {**metric, **_dimensions(metric, endpoint_name, variant)}}}
        if (metric := (stat := query.get("MetricStat", {})).get("Metric"))
        else query
        for query in alarm["Metrics"]
    ]
    return {**alarm, "Metrics": queries}


def _dimensions(metric: Document, endpoint_name: str, variant: str) -> Document:
    """Return the dimensions that a metric lacks; nothing for one that has some, or that is not SageMaker's."""
    if "Dimensions" in metric or metric.get("Namespace") not in _NAMESPACES:
        return {}
    own = [] if metric.get("MetricName") in _OF_ENDPOINTS else [{"Name": "VariantName", "Value": variant}]
    return {"Dimensions": [{"Name": "EndpointName", "Value": endpoint_name}, *own]}
