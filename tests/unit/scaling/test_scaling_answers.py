"""What Application Auto Scaling and CloudWatch leave out of their answers, and what is never sent to them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from deployer import errors
from deployer.aws.monitoring import Monitoring
from deployer.aws.scaling import Scaling
from deployer.aws.scaling_calls import ScalingCalls
from deployer.aws.scaling_content import holds
from tests.unit.scaling.scaling_samples import COUNT, STACK, variant

STEPS = {"AdjustmentType": "ChangeInCapacity", "Cooldown": 300, "MetricAggregationType": "Average"}


@pytest.mark.parametrize(
    ("described", "wanted", "is_held"),
    [
        pytest.param({}, {"DisableScaleIn": False}, True, id="a switch that is off"),
        pytest.param({}, {"DisableScaleIn": True}, False, id="a switch that is to be on"),
        pytest.param({"DisableScaleIn": True}, {"DisableScaleIn": False}, False, id="a switch that is on"),
        pytest.param({}, {"SuspendedState": {"ScheduledScalingSuspended": False}}, True, id="nothing suspended"),
        pytest.param({}, {"SuspendedState": {"ScheduledScalingSuspended": True}}, False, id="suspension wanted"),
        pytest.param({"AdjustmentType": "ChangeInCapacity"}, STEPS, True, id="the default cooldown and aggregation"),
        pytest.param({}, {"Cooldown": 60}, False, id="another cooldown"),
        pytest.param({}, {"Timezone": "UTC"}, True, id="the default time zone"),
        pytest.param({}, {"Dimensions": []}, True, id="an empty list"),
        pytest.param({}, {"MinCapacity": 0}, False, id="a number that is zero"),
        pytest.param({}, {"Schedule": "rate(1 day)"}, False, id="text"),
    ],
)
def test_omitted_members_have_their_defaults(described: object, wanted: object, is_held: bool) -> None:  # noqa: FBT001 - a parameter
    """An answer without them is equal to the registered scaling."""
    assert holds(described, wanted) is is_held


def test_target_without_arn_is_foreign() -> None:
    """Only what bears the stack's tag is changed, and tags are read by the ARN."""
    names = {"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/churn/variant/A", "ScalableDimension": COUNT}
    client: Any = SimpleNamespace(describe_scalable_targets=lambda **_: {"ScalableTargets": [names]})

    [target] = ScalingCalls(lambda _: client, STACK).targets("churn", ["A"])

    assert not target.is_own


def test_request_that_is_not_in_the_model_is_rejected_by_name() -> None:
    """It would never be accepted, so it is not tried again."""
    clients: Any = boto3.client
    malformed: Any = {**variant("A"), "ScalableTarget": {"MinCapacity": "one"}}

    with pytest.raises(errors.AlarmRejectedError, match=r"^put_metric_alarm: Parameter validation failed"):
        Monitoring(clients).make_alarm({"AlarmName": 1}, [])
    with pytest.raises(errors.ScalingRejectedError, match=r"^RegisterScalableTarget: Parameter validation failed"):
        Scaling(clients, STACK)._register("churn", malformed, None)
