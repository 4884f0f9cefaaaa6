"""Application Auto Scaling refuses tags of a target that is there: its bounds are changed without them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from deployer import errors
from deployer.aws.scaling import Scaling
from tests.unit.scaling.scaling_samples import COUNT, STACK, refusal, refusing, variant

ALREADY = "The scalable target that you tried to tag already exists. To update tags, use the TagResource API."


def test_bounds_of_an_own_target_are_changed(scaling: Scaling) -> None:
    """It keeps its tag, so that it stays the stack's."""
    scaling.apply("churn", [variant("A", 4)], ["A"])

    changed = scaling.apply("churn", [variant("A", 8)], ["A"])

    [target] = scaling.targets("churn", ["A"])
    assert changed == ["A"]
    assert (target.is_own, target.described["MaxCapacity"]) == (True, 8)


def test_service_refuses_tags_of_an_existing_target(client: Any) -> None:
    """The service accepts the change without tags, as on AWS."""
    names = {"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/churn/variant/A", "ScalableDimension": COUNT}
    client.register_scalable_target(**names, MinCapacity=1, MaxCapacity=4, Tags={"endpoint-deployer:stack": STACK})

    with pytest.raises(ClientError, match=r"ValidationException.*already exists"):
        client.register_scalable_target(**names, MaxCapacity=8, Tags={"endpoint-deployer:stack": STACK})


def test_target_that_the_listing_does_not_show_yet_is_looked_for_again() -> None:
    """The answer of the first call was lost: this passes, and is not a refusal."""
    service = refusing(refusal("ValidationException", ALREADY), "register_scalable_target")("application-autoscaling")
    service.describe_scalable_targets = lambda **_: {"ScalableTargets": []}

    with pytest.raises(errors.MonitoringUnavailableError, match="already exists"):
        Scaling(lambda _: service, STACK).apply("churn", [variant("A")], ["A"])
