"""The first draft of a plan: what the execution's input asks for, before the endpoint is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.planning.keys import artifact_key
from deployer.planning.plan import Action
from tests.unit.draft_samples import IMAGE, STARTED_AT, decided, draft_of, object_created, rejection
from tests.unit.planning_account import BUCKET, KEY
from tests.unit.planning_samples import EXECUTION, NOON, STACK, at
from tests.unit.request_samples import REGISTRY, request, variant, with_smoke_test

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount


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


def test_request_without_its_artifact_awaits_it_and_names_the_container(account: PlanningAccount) -> None:
    found = decided(account, request())

    assert (found.action, found.revision) == (Action.AWAITING_ARTIFACT, None)
    assert "Models.model.PrimaryContainer" in found.reason
    assert "SmokeTest" in found.request


def test_request_that_awaits_its_artifact_is_checked_all_the_same(account: PlanningAccount) -> None:
    message = rejection(account, request(SmokeTest={"Body": "x", "TargetVariant": "B"}), default_image="")

    assert "Models.model.PrimaryContainer.Image: is missing" in message


def test_draft_of_a_rollback_has_its_request(account: PlanningAccount) -> None:
    found, action = draft_of(account, request(Rollback=True, SmokeTest={"Body": "x"}))

    assert (action, found.revision) == (None, None)
    assert found.request["Rollback"] is True
    assert found.smoke_test is not None


def test_models_that_are_expected_in_sagemaker_are_looked_up(account: PlanningAccount) -> None:
    message = rejection(account, request(variant(ModelName="theirs")))

    assert message == (
        "EndpointConfig.ProductionVariants[0].ModelName: 'theirs' is neither a key of Models nor a model in SageMaker"
    )


def test_overwritten_upload_names_the_version_that_came_since(account: PlanningAccount) -> None:
    old, new = account.put(), account.put()

    found = decided(account, object_created(old))

    assert found.reason == f"s3://{BUCKET}/{KEY} has been uploaded again, as version {new.version}"


def test_draft_keeps_every_field_of_the_request(account: PlanningAccount) -> None:
    document = {**with_smoke_test(), "Models": {"m": IMAGE}, "Tags": {"team": "growth"}}

    found, _ = draft_of(account, document)

    assert found.request.keys() == {
        "EndpointName", "Models", "EndpointConfig", "DeploymentConfig", "RollbackAlarms", "RetainAllVariantProperties",
        "ExcludeRetainedVariantProperties", "Scaling", "SmokeTest", "Rollback", "Approval", "DryRun", "Tags",
    }  # fmt: skip
    assert found.request["Tags"] == {"team": "growth"}


@pytest.mark.parametrize("name", ["844e2571-85d4-695f-b930-0153b71dcb42_0", "größe.2=3+4@x"])
def test_execution_whose_name_is_a_value_of_a_tag_is_drafted(account: PlanningAccount, name: str) -> None:
    assert draft_of(account, {"EndpointName": "churn", "Models": {"m": IMAGE}}, name=name)[0].revision
