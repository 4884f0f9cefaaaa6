"""The first draft of a plan: what the execution's input asks for, before the endpoint is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.planning.draft import draft_deployment
from deployer.planning.keys import artifact_key
from deployer.planning.plan import Action
from deployer.planning.settings import Settings
from tests.unit.planning_account import BUCKET, KEY
from tests.unit.planning_samples import EXECUTION, NOON, STACK, at
from tests.unit.request_samples import REGISTRY, ROLE, request, routing, variant, with_smoke_test

if TYPE_CHECKING:
    from deployer.planning.draft_state import Draft, Upload
    from tests.unit.planning_account import PlanningAccount

STARTED_AT = at(5)
IMAGE = {"PrimaryContainer": {"Image": f"{REGISTRY}/churn:1"}}


def settings(**changed: Any) -> Settings:
    """Build the settings of the stack."""
    values = {
        "account_id": "111122223333",
        "stack_name": STACK,
        "artifact_bucket": BUCKET,
        "artifact_prefix": "models/",
        "execution_role_arn": ROLE,
        "default_image": f"{REGISTRY}/default:1",
        "default_instance_type": "ml.m5.large",
        "deployment_timeout_seconds": 3600,
    }
    return Settings.model_validate({**values, **changed})


def object_created(upload: Upload) -> Document:
    """Build the event of an upload at noon."""
    return {
        "id": "event-1",
        "account": "111122223333",
        "time": NOON.isoformat(),
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": upload.bucket},
            "object": {"key": upload.key, "version-id": upload.version, "etag": "0"},
        },
    }


def draft_of(
    account: PlanningAccount, document: object, *, name: str = "run-1", **changed: Any
) -> tuple[Draft, Action | None]:
    """Draft the deployment of an input."""
    execution = {"Id": EXECUTION, "Name": name, "StartTime": STARTED_AT.isoformat()}
    return draft_deployment(document, execution, settings(**changed), account.store, account.planning)


def rejection(account: PlanningAccount, document: object, **changed: Any) -> str:
    """Return the message with which an input is rejected."""
    with pytest.raises(InvalidRequestError) as rejected:
        draft_of(account, document, **changed)
    return str(rejected.value)


def test_draft_of_an_upload_is_of_its_event(account: PlanningAccount) -> None:
    upload = account.put()

    found, action = draft_of(account, object_created(upload))

    assert action is None
    assert (found.request_id, found.requested_at, found.upload) == ("event-1", NOON, upload)
    assert (found.execution, found.stack, found.endpoint_name) == (EXECUTION, STACK, "churn")


def test_draft_of_a_request_by_hand_is_of_its_execution(account: PlanningAccount) -> None:
    found, _ = draft_of(account, request(Models={"m": IMAGE}))

    assert (found.request_id, found.requested_at, found.upload) == ("run-1", STARTED_AT, None)


def test_deadline_counts_from_the_start_of_the_execution(account: PlanningAccount) -> None:
    """An event may come late."""
    found, _ = draft_of(account, object_created(account.put()))

    assert (found.started_at, found.deadline) == (STARTED_AT, at(65))


def test_uploaded_artifact_is_copied_and_the_model_names_the_copy(account: PlanningAccount) -> None:
    upload = account.put()
    target = artifact_key("churn", f"s3://{BUCKET}/{KEY}", upload.version)

    found, _ = draft_of(account, object_created(upload))

    container = found.request["Models"]["model"]["PrimaryContainer"]
    assert container == {"Image": f"{REGISTRY}/default:1", "ModelDataUrl": f"s3://{BUCKET}/{target}"}
    assert [(each.key, each.version, each.target) for each in found.copies] == [(KEY, upload.version, target)]
    assert [each.copied_from for each in found.data] == [f"s3://{BUCKET}/{KEY}"]
    assert found.wanted.requested_at == NOON


def test_overwritten_upload_is_superseded_without_a_revision(account: PlanningAccount) -> None:
    old = account.put()
    account.put()

    found, action = draft_of(account, object_created(old))

    assert (action, found.revision) == (Action.SUPERSEDED, None)


def test_request_without_its_artifact_awaits_it_and_says_which_container(account: PlanningAccount) -> None:
    found, action = draft_of(account, request())

    assert (action, found.revision) == (Action.AWAITING_ARTIFACT, None)
    assert "Models.model.PrimaryContainer" in found.reason
    assert "SmokeTest" in found.request


def test_request_that_awaits_its_artifact_is_checked_all_the_same(account: PlanningAccount) -> None:
    message = rejection(account, request(SmokeTest={"Body": "x", "TargetVariant": "B"}), default_image="")

    assert "Models.model.PrimaryContainer.Image: is missing" in message


def test_rollback_is_drafted_as_it_was_requested(account: PlanningAccount) -> None:
    found, action = draft_of(account, request(Rollback=True, SmokeTest={"Body": "x"}))

    assert (action, found.revision) == (None, None)
    assert found.request["Rollback"] is True
    assert found.smoke_test is not None


def test_models_that_are_expected_in_sagemaker_are_looked_up(account: PlanningAccount) -> None:
    message = rejection(account, request(variant(ModelName="theirs")))

    assert message == (
        "EndpointConfig.ProductionVariants[0].ModelName: 'theirs' is neither a key of Models nor a model in SageMaker"
    )


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


def test_smoke_test_body_that_is_not_there_is_told_with_all_else(account: PlanningAccount) -> None:
    uri = f"s3://{BUCKET}/body.json"

    message = rejection(account, request(variant(ModelName="theirs"), SmokeTest={"BodyS3Uri": uri}))

    assert [line.partition(": ")[0] for line in message.splitlines()] == [
        "EndpointConfig.ProductionVariants[0].ModelName",
        "SmokeTest.BodyS3Uri",
    ]


def test_smoke_test_is_checked_against_the_variants_that_the_stack_fills_in(account: PlanningAccount) -> None:
    account.put()

    message = rejection(account, request(SmokeTest={"Body": "x", "TargetVariant": "B"}))

    assert message == "SmokeTest.TargetVariant: 'B' is none of AllTraffic"


def test_request_is_checked_against_what_the_stack_allows(account: PlanningAccount) -> None:
    message = rejection(account, request(Models={"m": IMAGE}), allowed_images="other/*")

    assert "see its parameter AllowedImages" in message


ALARMED = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "churn-5xx"}]}}


def test_all_problems_are_told_at_once_whatever_finds_them(account: PlanningAccount) -> None:
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


def test_overwritten_upload_names_the_version_that_came_since(account: PlanningAccount) -> None:
    old, new = account.put(), account.put()

    found, _ = draft_of(account, object_created(old))

    assert found.reason == f"s3://{BUCKET}/{KEY} has been uploaded again, as version {new.version}"


def test_draft_keeps_every_field_of_the_request(account: PlanningAccount) -> None:
    document = {**with_smoke_test(), "Models": {"m": IMAGE}, "Tags": {"team": "growth"}}

    found, _ = draft_of(account, document)

    assert found.request.keys() == {
        "EndpointName", "Models", "EndpointConfig", "DeploymentConfig", "RollbackAlarms", "RetainAllVariantProperties",
        "ExcludeRetainedVariantProperties", "Scaling", "SmokeTest", "Rollback", "Approval", "DryRun", "Tags",
    }  # fmt: skip
    assert found.request["Tags"] == {"team": "growth"}


@pytest.mark.parametrize("name", ["run(1)!", "it's"])
def test_execution_whose_name_is_no_value_of_a_tag_is_rejected(account: PlanningAccount, name: str) -> None:
    """Step Functions takes it, and every resource is to be tagged with it."""
    with pytest.raises(InvalidRequestError, match="which the tags of SageMaker do not take"):
        draft_of(account, {"EndpointName": "churn", "Models": {"m": IMAGE}}, name=name)


@pytest.mark.parametrize("name", ["844e2571-85d4-695f-b930-0153b71dcb42_0", "größe.2=3+4@x"])
def test_execution_whose_name_is_a_value_of_a_tag_is_drafted(account: PlanningAccount, name: str) -> None:
    assert draft_of(account, {"EndpointName": "churn", "Models": {"m": IMAGE}}, name=name)[0].revision
