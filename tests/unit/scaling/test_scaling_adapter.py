"""The adapter of Application Auto Scaling, and what the command line reads of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from deployer import errors
from deployer.aws.scaling import Scaling
from deployer.aws.scaling_calls import ScalingCalls
from deployer.aws.scaling_content import holds
from endpoint_deployer.aws.scaling import scaled_variants, with_counts
from tests.unit.scaling.scaling_samples import COUNT, NIGHT, POLICY, STACK, refusal, refusing, variant


def test_equal_scaling_is_not_changed(scaling: Scaling) -> None:
    """A repetition changes nothing, also of times and of what the service adds."""
    wanted = [variant("A", 4, POLICY, actions=(NIGHT,)), variant("B")]

    first = scaling.apply("churn", wanted, ["A", "B"])
    again = scaling.apply("churn", wanted, ["A", "B"])

    assert first == ["A", "A/p", "A/night", "B"]
    assert again == scaling.differences("churn", wanted, ["A", "B"]) == []


def test_only_differences_are_changed(scaling: Scaling) -> None:
    scaling.apply("churn", [variant("A", 4, POLICY, actions=(NIGHT,)), variant("B")], ["A", "B"])
    changed = {**POLICY, "TargetTrackingScalingPolicyConfiguration": {
        **POLICY["TargetTrackingScalingPolicyConfiguration"], "TargetValue": 50.0}}  # fmt: skip
    wanted = [variant("A", 4, changed)]

    assert scaling.differences("churn", wanted, ["A", "B"]) == ["A", "B"]
    assert scaling.apply("churn", wanted, ["A", "B"]) == ["B", "A/p", "A/night"]
    assert scaling.differences("churn", wanted, ["A", "B"]) == []


def test_targets_of_others_are_never_changed(scaling: Scaling, client: Any) -> None:
    """They are neither deregistered nor equalised."""
    names = {"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/churn/variant/A", "ScalableDimension": COUNT}
    client.register_scalable_target(**names, MinCapacity=1, MaxCapacity=9)

    with pytest.raises(
        errors.ScalingRejectedError, match="Variant A is a scalable target that somebody else registered, arn:"
    ):
        scaling.apply("churn", [variant("A")], ["A"])
    scaling.apply("churn", [], ["A"])
    scaling.set_aside("churn", ["A"])

    [target] = scaling.targets("churn", ["A"])
    assert (target.is_own, target.described["MaxCapacity"]) == (False, 9)
    assert scaling.differences("churn", [variant("A")], ["A"]) == ["A"]
    assert scaling.differences("churn", [], ["A"]) == []


def test_target_that_was_set_aside_is_registered_again(scaling: Scaling) -> None:
    """Its policies and scheduled actions are put again, too."""
    wanted = [variant("A", 4, POLICY)]
    scaling.apply("churn", wanted, ["A"])

    assert scaling.set_aside("churn", ["A"]) == ["A"]
    assert scaling.set_aside("churn", ["A"]) == []
    assert scaling.apply("churn", wanted, ["A"]) == ["A", "A/p"]


def test_listings_come_in_pages(scaling: Scaling) -> None:
    """A target may have more actions than one page holds."""
    actions = tuple({**NIGHT, "ScheduledActionName": f"n{number}"} for number in range(60))

    scaling.apply("churn", [variant("A", 4, actions=actions)], ["A"])

    assert scaling.differences("churn", [variant("A", 4, actions=actions)], ["A"]) == []


NOT_YET = "The status should be in 'InService' to register it as a scalable target"


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (refusal("ValidationException"), errors.ScalingRejectedError),
        (refusal("ValidationException", NOT_YET), errors.EndpointNotVisibleError),
        (refusal("FailedResourceAccessException"), errors.ScalingRejectedError),
        (refusal("LimitExceededException"), errors.QuotaExceededError),
        (refusal("ConcurrentUpdateException"), errors.MonitoringUnavailableError),
        (refusal("InternalServiceException"), errors.MonitoringUnavailableError),
        (refusal("AccessDeniedException"), errors.PermissionNotReadyError),
        (ConnectionClosedError(endpoint_url="https://aws"), errors.MonitoringUnavailableError),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_answers_of_the_service_become_errors_of_ours(error: Exception, raised: type[Exception]) -> None:
    """IAM learns the tag of an own target late, so a denial of its change passes."""
    with pytest.raises(raised):
        Scaling(refusing(error, "register_scalable_target"), STACK).apply("churn", [variant("A")], ["A"])


def test_denied_look_is_permanent() -> None:
    with pytest.raises(errors.AccessDeniedError):
        ScalingCalls(refusing(refusal("AccessDeniedException"), "describe_scalable_targets"), STACK).targets("c", ["A"])


def test_target_deleted_meanwhile_counts_as_deregistered() -> None:
    gone = refusing(refusal("ObjectNotFoundException"), "deregister_scalable_target")

    assert Scaling(gone, STACK).set_aside("churn", ["A"]) == ["A"]


def test_no_variants_are_not_asked_for() -> None:
    """Without names, the service would describe all targets of the account."""
    nothing: Any = {}.__getitem__

    assert Scaling(nothing, STACK).targets("churn", []) == []


@pytest.mark.parametrize(
    ("described", "wanted", "is_held"),
    [
        pytest.param([{"a": 1}, {"b": 2}], [{"b": 2}, {"a": 1}], True, id="another order"),
        pytest.param([1], [1, 2], False, id="one less"),
        pytest.param({"a": 1, "b": 2}, {"a": 1}, True, id="more members"),
        pytest.param({"a": 1}, {"b": 1}, False, id="another member"),
        pytest.param(70.0, 70, True, id="another kind of number"),
        pytest.param(None, {}, False, id="nothing"),
    ],
)
def test_description_holds_the_wanted_values(described: object, wanted: object, is_held: bool) -> None:  # noqa: FBT001 - a parameter
    assert holds(described, wanted) is is_held


def test_command_line_reads_bounds_and_counts(client: Any) -> None:
    """It reads those of instances and of concurrency, and of variants that SageMaker does not describe."""
    stack: Any = SimpleNamespace(client=lambda _: client)
    for name in ("A", "B", "C"):
        names = {"ResourceId": f"endpoint/churn/variant/{name}", "ScalableDimension": COUNT}
        client.register_scalable_target(ServiceNamespace="sagemaker", **names, MinCapacity=1, MaxCapacity=4)
    variants = [
        {"VariantName": "A", "CurrentInstanceCount": 2},
        {"VariantName": "B", "CurrentServerlessConfig": {"ProvisionedConcurrency": 3}},
    ]

    found = with_counts(scaled_variants(stack)["churn"], {"ProductionVariants": variants})

    assert [(each["VariantName"], each["Current"]) for each in found] == [("A", 2), ("B", 3), ("C", None)]
    assert with_counts([], None) == []
