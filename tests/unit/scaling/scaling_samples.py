"""Scaling as a request has it and as the adapter registers it, and clients that refuse a call."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from deployer.json_document import Document
from tests.scaling_documents import nightly, steps, tracking
from tests.unit import request_samples

if TYPE_CHECKING:
    from collections.abc import Callable

COUNT = "sagemaker:variant:DesiredInstanceCount"
STACK = "mine"
POLICY = tracking("p", 70)
NIGHT = nightly("2030-01-01T00:00:00Z", MinCapacity=1)
STEPS = steps("s", 1)


def scaling(least: Any = 1, most: Any = 4, policies: Any = (), actions: Any = (), **more: Any) -> Document:
    """Build the scaling of one variant."""
    target = {"MinCapacity": least, "MaxCapacity": most, **more}
    return {"ScalableTarget": target, "Policies": [*policies], "ScheduledActions": [*actions]}


def scaled(wanted: Any, *variants: Document, name: str = "AllTraffic", **config: Any) -> Document:
    """Build a request that scales its variant."""
    return {
        **request_samples.with_config(*(variants or [request_samples.variant()]), **config),
        "Scaling": {name: wanted},
    }


def variant(name: str = "A", most: int = 4, *policies: Document, actions: tuple[Document, ...] = ()) -> Document:
    """Build the scaling of a variant."""
    target = {"MinCapacity": 1, "MaxCapacity": most}
    parts = {"ScalableTarget": target, "Policies": [*policies], "ScheduledActions": [*actions], "Alarms": []}
    return {"VariantName": name, "ScalableDimension": COUNT, **parts}


def beside_no_alarms(client: Any) -> Callable[[str], Any]:
    """Make a source of clients: this one, and one of CloudWatch in an account without alarms."""
    cloudwatch = SimpleNamespace(describe_alarms=lambda **_: {"MetricAlarms": []})
    return lambda service: cloudwatch if service == "cloudwatch" else client


def refusing(error: Exception, operation: str) -> Callable[[str], Any]:
    """Build a client of which one operation fails."""

    def refuse(**_: Any) -> Document:
        raise error

    found = {"ScalableTargets": [{
        "ServiceNamespace": "sagemaker", "ResourceId": "endpoint/churn/variant/A", "ScalableDimension": COUNT,
        "ScalableTargetARN": "arn", "MinCapacity": 1, "MaxCapacity": 9}]}  # fmt: skip
    answers = {
        "describe_scalable_targets": lambda **_: found,
        "list_tags_for_resource": lambda **_: {"Tags": {"endpoint-deployer:stack": STACK}},
        operation: refuse,
    }
    return lambda _: SimpleNamespace(**answers)


def refusal(code: str, message: str = "no") -> ClientError:
    """Build an answer that refuses a call."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "any")
