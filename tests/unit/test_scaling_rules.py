"""The scaling of a request: each field by itself, and between the fields."""

from __future__ import annotations

from typing import Any

import pytest

from deployer.aws.scaling_calls import Target
from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.planning.scaling import changed_variants, foreign_target_problems, scaled_variants
from deployer.request.allowances import Allowances
from deployer.request.model import read_request
from tests.unit.request_samples import request, serverless, variant
from tests.unit.scaling.scaling_samples import NIGHT, POLICY, STEPS, scaled, scaling

ASYNCHRONOUS: Document = {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://out/churn"}}}
PROVISIONED = serverless(ProvisionedConcurrency=2)


def tracking(**changed: Any) -> Document:
    """Build a policy with another configuration."""
    return {**POLICY, "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 1.0, **changed}}


CONCURRENCY = tracking(
    PredefinedMetricSpecification={"PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"}
)

RIGHT = {
    "bounds alone": scaled({"ScalableTarget": {"MinCapacity": 1, "MaxCapacity": 1}}),
    "policies and actions": scaled(scaling(policies=[POLICY, STEPS], actions=[NIGHT])),
    "suspended": scaled(scaling(SuspendedState={"DynamicScalingInSuspended": True})),
    "an asynchronous endpoint without instances": scaled(scaling(0), **ASYNCHRONOUS),
    "provisioned concurrency": scaled(scaling(1, 5, [CONCURRENCY]), PROVISIONED),
    "the stack's own config": {**request(), "Scaling": {"AllTraffic": scaling()}},
}


@pytest.mark.parametrize("document", RIGHT.values(), ids=RIGHT)
def test_scaling_is_taken(document: Document) -> None:
    assert read_request(document).document()["Scaling"]


TARGET = "Scaling.AllTraffic.ScalableTarget"
FIRST_POLICY, FIRST_ACTION = "Scaling.AllTraffic.Policies[0]", "Scaling.AllTraffic.ScheduledActions[0]"
WRONG = {
    "no target": (scaled({}), "Scaling.AllTraffic.ScalableTarget: "),
    "another field": (
        scaled({**scaling(), "Policy": []}),
        "Scaling.AllTraffic.Policy: is not a field of a variant's Scaling",
    ),
    "a list": ({**request(variant()), "Scaling": []}, "Scaling: must be a mapping"),
    "names of the deployer's": (scaled(scaling(ResourceId="x")), f"{TARGET}.ResourceId: is named by the deployer"),
    "tags": (scaled(scaling(Tags={})), f"{TARGET}.Tags: is named by the deployer"),
    "no number": (scaled(scaling(most="4")), f"{TARGET}.MaxCapacity: must be a whole number"),
    "bounds that cross": (scaled(scaling(5, 4)), f"{TARGET}.MaxCapacity: 4 is less than MinCapacity, 5"),
    "no bound": (scaled({"ScalableTarget": {"MinCapacity": 1}}), f"{TARGET}.MaxCapacity: is missing"),
    "less than none": (scaled(scaling(-1)), f"{TARGET}.MinCapacity: -1 is less than 0"),
    "none at all": (scaled(scaling(0)), f"{TARGET}.MinCapacity: 0 is for asynchronous endpoints only"),
    "a beginning outside": (
        scaled(scaling(2)),
        f"{TARGET}: is from 2 to 4, and InitialInstanceCount is 1; begin within the bounds",
    ),
    "another variant": (
        scaled(scaling(), name="AllTrafic"),
        "Scaling.AllTrafic: names no production variant of the request; did you mean 'AllTraffic'?",
    ),
    "on demand": (scaled(scaling(), serverless()), "Scaling.AllTraffic: needs ProvisionedConcurrency"),
    "too much concurrency": (
        scaled(scaling(1, 11), PROVISIONED),
        f"{TARGET}.MaxCapacity: is more than MaxConcurrency, 10",
    ),
    "a metric of instances": (
        scaled(scaling(1, 4, [POLICY]), PROVISIONED),
        "SageMakerVariantInvocationsPerInstance is not a metric of a serverless variant",
    ),
    "a metric of concurrency": (
        scaled(scaling(policies=[CONCURRENCY])),
        "SageMakerVariantProvisionedConcurrencyUtilization is not a metric of a variant on instances",
    ),
    "the same policy twice": (
        scaled(scaling(policies=[POLICY, POLICY])),
        "Scaling.AllTraffic.Policies[1].PolicyName: 'p' is that of another entry",
    ),
    "no type": (scaled(scaling(policies=[{"PolicyName": "p"}])), f"{FIRST_POLICY}.PolicyType: is missing; write"),
    "predictions": (
        scaled(scaling(policies=[{"PolicyName": "p", "PolicyType": "PredictiveScaling"}])),
        f"{FIRST_POLICY}.PolicyType: 'PredictiveScaling' is not for SageMaker",
    ),
    "another configuration": (
        scaled(scaling(policies=[{**POLICY, "PolicyType": "StepScaling"}])),
        f"{FIRST_POLICY}.TargetTrackingScalingPolicyConfiguration: is not for a policy of the type StepScaling",
    ),
    "no metric": (
        scaled(scaling(policies=[tracking()])),
        f"{FIRST_POLICY}.TargetTrackingScalingPolicyConfiguration: needs one of",
    ),
    "another schedule": (
        scaled(scaling(actions=[{**NIGHT, "Schedule": "daily"}])),
        f"{FIRST_ACTION}.Schedule: 'daily'; write at(…), rate(…) or cron(…)",
    ),
    "nothing scheduled": (
        scaled(scaling(actions=[{**NIGHT, "ScalableTargetAction": {}}])),
        f"{FIRST_ACTION}.ScalableTargetAction: needs MinCapacity, MaxCapacity or both",
    ),
    "a time without zone": (
        scaled(scaling(actions=[{**NIGHT, "StartTime": "2030-01-01T00:00:00"}])),
        f"{FIRST_ACTION}.StartTime: '2030-01-01T00:00:00' is not a time with a time zone",
    ),
    "beside a rollback": (
        {"EndpointName": "churn", "Rollback": True, "Scaling": {"AllTraffic": scaling()}},
        "Rollback: cannot be used with Scaling",
    ),
}


@pytest.mark.parametrize(("document", "said"), WRONG.values(), ids=WRONG)
def test_wrong_field_is_reported_with_its_path(document: Document, said: str) -> None:
    with pytest.raises(InvalidRequestError) as rejected:
        read_request(document)

    assert any(said in line for line in str(rejected.value).splitlines()), str(rejected.value)


def test_all_mistakes_are_reported_at_once() -> None:
    wanted = scaling(5, 4, [{"PolicyName": "p"}], [{**NIGHT, "Schedule": "daily"}])

    with pytest.raises(InvalidRequestError) as rejected:
        read_request(scaled(wanted))

    assert len(str(rejected.value).splitlines()) == 3


def test_maximum_capacity_counts_against_the_limit_of_the_stack() -> None:
    """A variant that starts with one instance may have four."""
    with pytest.raises(InvalidRequestError, match="asks for 4 instances, and this stack allows 3"):
        read_request(scaled(scaling()), allowances=Allowances(most_instances=3))

    assert read_request(scaled(scaling()), allowances=Allowances(most_instances=4))


def test_dimension_follows_from_the_variant() -> None:
    """Instances are counted, and concurrency is provisioned."""
    found = [
        scaled_variants(read_request(document).document(), "stack")[0]["ScalableDimension"]
        for document in (RIGHT["bounds alone"], RIGHT["provisioned concurrency"])
    ]

    assert found == ["sagemaker:variant:DesiredInstanceCount", "sagemaker:variant:DesiredProvisionedConcurrency"]


def of(*variants: Document) -> Document:
    """Build an endpoint config."""
    return {"ProductionVariants": [*variants]}


@pytest.mark.parametrize(
    ("config", "before", "changed"),
    [
        pytest.param(of(variant(VariantName="A")), of(variant(VariantName="A")), [], id="the same"),
        pytest.param(
            of(variant(VariantName="A", InitialInstanceCount=3)), of(variant(VariantName="A")), [], id="count"
        ),
        pytest.param(of(variant(VariantName="A", InstanceType="x")), of(variant(VariantName="A")), ["A"], id="type"),
        pytest.param(of(variant(VariantName="A")), of(variant(VariantName="B")), ["A", "B"], id="one goes, one comes"),
        pytest.param(of({**serverless(), "VariantName": "A"}), of(variant(VariantName="A")), ["A"], id="serverless"),
        pytest.param(of(variant(VariantName="A")), {}, ["A"], id="nothing before"),
    ],
)
def test_variants_on_other_instances_are_set_aside(config: Document, before: Document, changed: list[str]) -> None:
    assert changed_variants(config, before) == changed


@pytest.mark.parametrize("is_own", [True, False], ids=["own", "somebody else's"])
def test_foreign_target_is_reported_with_a_remedy(is_own: bool) -> None:  # noqa: FBT001 - a parameter
    target = Target("AllTraffic", "dimension", {"ScalableTargetARN": "arn:target"}, is_own=is_own)

    found = [str(problem) for problem in foreign_target_problems(scaled(scaling()), [target], "mine")]

    assert bool(found) is not is_own
    assert all("--resource-arn arn:target --tags endpoint-deployer:stack=mine" in line for line in found)
