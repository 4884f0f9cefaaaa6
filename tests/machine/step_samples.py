"""Step policies with their alarms, and questions about the alarms that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.json_document import Document
from tests.scaling_documents import BUSY, steps

if TYPE_CHECKING:
    from local.virtual_time.world import World

QUIET: Document = {**BUSY, "Threshold": 10, "ComparisonOperator": "LessThanThreshold", "TreatMissingData": "breaching"}


OUT, IN = steps("out", 1, BUSY), steps("in", -1, QUIET)


def policy_alarms(world: World) -> list[tuple[str, float]]:
    """Return the policies that the alarms of the endpoint's step policies start, each with the alarm's threshold.

    It is `gone` if an alarm has no action, or starts a policy that is not registered.
    """
    key = {"ServiceNamespace": "sagemaker"}
    policies = world.scaling.call("DescribeScalingPolicies", key)["ScalingPolicies"]
    names = {policy["PolicyARN"]: policy["PolicyName"] for policy in policies}
    found = world.cloudwatch.describe_alarms(AlarmNamePrefix="test/scaling/churn-")["MetricAlarms"]
    return sorted(
        (names.get(arn, "gone"), alarm["Threshold"]) for alarm in found for arn in alarm["AlarmActions"] or ["none"]
    )
