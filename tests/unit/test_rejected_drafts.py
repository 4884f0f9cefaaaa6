"""A draft is rejected with all of its problems at once, each with its field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.errors import InvalidRequestError
from tests.unit.draft_samples import IMAGE, draft_of, rejection
from tests.unit.planning_account import BUCKET
from tests.unit.request_samples import REGISTRY, request, routing, variant

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount


def test_data_that_are_not_there_are_rejected_by_field(account: PlanningAccount) -> None:
    container = {"Image": f"{REGISTRY}/churn:1", "ModelDataUrl": f"s3://{BUCKET}/gone"}

    message = rejection(account, request(Models={"m": {"PrimaryContainer": container}}))

    assert message.startswith("Models.m.PrimaryContainer.ModelDataUrl: ")


def test_missing_defaults_are_rejected_by_field(account: PlanningAccount) -> None:
    account.put()

    message = rejection(account, request(), default_image="", default_instance_type="")

    assert [line.partition(": ")[0] for line in message.splitlines()] == [
        "Models.model.PrimaryContainer.Image",
        "EndpointConfig.ProductionVariants[0].InstanceType",
    ]


def test_missing_smoke_test_body_is_reported_with_all_else(account: PlanningAccount) -> None:
    uri = f"s3://{BUCKET}/body.json"

    message = rejection(account, request(variant(ModelName="theirs"), SmokeTest={"BodyS3Uri": uri}))

    assert [line.partition(": ")[0] for line in message.splitlines()] == [
        "EndpointConfig.ProductionVariants[0].ModelName",
        "SmokeTest.BodyS3Uri",
    ]


def test_smoke_test_is_checked_against_the_variants_that_the_stack_fills_in(account: PlanningAccount) -> None:
    account.put()

    message = rejection(account, request(SmokeTest={"Body": "x", "TargetVariant": "B"}))

    assert message == "SmokeTest.TargetVariant: 'B' is not one of AllTraffic"


def test_request_is_checked_against_the_limits_of_the_stack(account: PlanningAccount) -> None:
    message = rejection(account, request(Models={"m": IMAGE}), allowed_images="other/*")

    assert "see its parameter AllowedImages" in message


ALARMED = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "churn-5xx"}]}}


def test_problems_of_all_checks_are_reported_at_once(account: PlanningAccount) -> None:
    """A bucket, a model, the stored body, the smoke test, the live variants and an alarm."""
    account.serve("live", -60)
    other = variant(VariantName="B", ModelName="theirs")
    data = {"Image": f"{REGISTRY}/churn:1", "ModelDataUrl": "s3://others/model.tar.gz"}
    document = request(
        variant(VariantName="A", ModelName="m"), other,
        Models={"m": {"PrimaryContainer": data}},
        DeploymentConfig={"BlueGreenUpdatePolicy": routing("ALL_AT_ONCE"), **ALARMED},
        SmokeTest={"BodyS3Uri": f"s3://{BUCKET}/body.json", "TargetVariant": "C"},
    )  # fmt: skip

    message = rejection(account, document)

    assert [line.partition(": ")[0] for line in message.splitlines()] == [
        "Models.m.PrimaryContainer.ModelDataUrl",
        "SmokeTest.TargetVariant",
        "EndpointConfig.ProductionVariants[1].ModelName",
        "SmokeTest.BodyS3Uri",
        "EndpointConfig.ProductionVariants",
        "DeploymentConfig.AutoRollbackConfiguration.Alarms[0].AlarmName",
    ]
    assert message.splitlines()[0].endswith("see its parameter AllowedBucketArns")


def test_alarms_of_a_wrong_request_for_a_missing_endpoint_are_not_looked_at(account: PlanningAccount) -> None:
    """Guardrails apply once the endpoint exists."""
    message = rejection(account, request(variant(ModelName="theirs"), DeploymentConfig=ALARMED))

    assert [line.partition(": ")[0] for line in message.splitlines()] == [
        "EndpointConfig.ProductionVariants[0].ModelName"
    ]


@pytest.mark.parametrize("name", ["run(1)!", "it's"])
def test_execution_name_that_a_tag_cannot_hold_is_rejected(account: PlanningAccount, name: str) -> None:
    """Step Functions takes it, and every resource is to be tagged with it."""
    with pytest.raises(InvalidRequestError, match="which the tags of SageMaker do not take"):
        draft_of(account, {"EndpointName": "churn", "Models": {"m": IMAGE}}, name=name)
