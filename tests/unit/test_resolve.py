"""A trigger becomes one checked request, with the artifact that it deploys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from deployer.aws.s3_objects import Artifact
from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.planning.resolve import Readiness, ResolvedRequest, resolve_request
from deployer.planning.triggers import Trigger, UploadLocation
from deployer.request.allowances import Allowances
from deployer.request.problem import reject
from tests.unit.planning_account import BUCKET, KEY
from tests.unit.planning_samples import NOON
from tests.unit.request_samples import REGISTRY, request
from tests.unit.resolve_samples import upload

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount


LOCATION = UploadLocation(BUCKET, "models/", "111122223333")
MANIFEST = "models/churn/deployment.yaml"
IMAGE = {"PrimaryContainer": {"Image": f"{REGISTRY}/churn:1"}}


def put_manifest(account: PlanningAccount, key: str = MANIFEST, **document: Any) -> Artifact:
    """Upload a manifest."""
    return upload(account, key, yaml.safe_dump(document).encode())


def by_upload(artifact: Artifact) -> Trigger:
    """Build the trigger of an upload to the folder of the endpoint."""
    return Trigger("event-1", NOON, "churn", upload=artifact)


def by_hand(**document: Any) -> Trigger:
    """Build the trigger of a person or of an application."""
    return Trigger("run-1", NOON, document=request(**document))


def resolve(account: PlanningAccount, trigger: Trigger, allowances: Allowances | None = None) -> ResolvedRequest:
    """Resolve a trigger."""
    return resolve_request(trigger, account.store.objects, LOCATION, allowances or Allowances())


def rejection(account: PlanningAccount, trigger: Trigger, allowances: Allowances | None = None) -> str:
    """Return the message with which a trigger is rejected."""
    with pytest.raises(InvalidRequestError) as rejected:
        reject(resolve(account, trigger, allowances).problems)
    return str(rejected.value)


def test_uploaded_artifact_is_deployed_with_the_defaults_of_the_stack(account: PlanningAccount) -> None:
    artifact = upload(account)

    found = resolve(account, by_upload(artifact))

    assert (found.readiness, found.artifact) == (Readiness.READY, artifact)
    assert found.request.is_made_of_upload
    assert found.request.endpoint_name == "churn"


@pytest.mark.parametrize("key", [KEY, "models/churn/2026/11/output/model.tar.gz"], ids=["beside it", "below it"])
def test_manifest_of_its_folder_governs_an_uploaded_artifact(account: PlanningAccount, key: str) -> None:
    put_manifest(account, Tags={"team": "growth"})

    found = resolve(account, by_upload(upload(account, key)))

    assert found.request.tags == {"team": "growth"}
    assert found.artifact is not None
    assert found.artifact.key == key


def test_artifact_that_was_overwritten_since_its_event_is_not_deployed(account: PlanningAccount) -> None:
    old = upload(account)
    upload(account)

    assert resolve(account, by_upload(old)).readiness is Readiness.OVERWRITTEN


def test_missing_artifact_is_reported(account: PlanningAccount) -> None:
    gone = Artifact(BUCKET, KEY, "v1")

    assert rejection(account, by_upload(gone)) == f"detail.object.key: {gone.uri} is not there any more"


def test_missing_manifest_is_reported(account: PlanningAccount) -> None:
    gone = Artifact(BUCKET, MANIFEST, "v1")

    assert rejection(account, by_upload(gone)) == f"detail.object.key: {gone.uri} is not there any more"


def test_uploaded_manifest_deploys_the_newest_artifact_of_its_folder(account: PlanningAccount) -> None:
    artifact = upload(account, "models/churn/1/model.tar.gz")

    found = resolve(account, by_upload(put_manifest(account, Models={"m": IMAGE})))

    assert (found.readiness, found.artifact) == (Readiness.READY, artifact)


def test_uploaded_manifest_waits_for_its_artifact(account: PlanningAccount) -> None:
    found = resolve(account, by_upload(put_manifest(account, Models={"m": IMAGE})))

    assert (found.readiness, found.artifact) == (Readiness.AWAITING_ARTIFACT, None)


@pytest.mark.parametrize(
    "container",
    [
        pytest.param({"ModelDataUrl": "s3://data/model.tar.gz"}, id="data elsewhere"),
        pytest.param({"ModelDataUrl": None}, id="no data, and says so"),
        pytest.param({"ModelPackageName": "p"}, id="a model package"),
    ],
)
def test_uploaded_manifest_that_needs_no_artifact_waits_for_none(account: PlanningAccount, container: Document) -> None:
    image = {} if "ModelPackageName" in container else IMAGE["PrimaryContainer"]
    described = {**image, **container}
    upload(account)

    found = resolve(account, by_upload(put_manifest(account, Models={"m": {"PrimaryContainer": described}})))

    assert (found.readiness, found.artifact) == (Readiness.READY, None)


def test_request_by_hand_without_models_deploys_the_newest_artifact(account: PlanningAccount) -> None:
    artifact = upload(account)

    found = resolve(account, by_hand())

    assert (found.readiness, found.artifact) == (Readiness.READY, artifact)


def test_request_by_hand_without_models_waits_for_an_artifact(account: PlanningAccount) -> None:
    assert resolve(account, by_hand()).readiness is Readiness.AWAITING_ARTIFACT


def test_request_by_hand_with_models_gets_no_artifact(account: PlanningAccount) -> None:
    """A container without data may have them in its image."""
    upload(account)

    found = resolve(account, by_hand(Models={"m": IMAGE}))

    assert (found.readiness, found.artifact) == (Readiness.READY, None)


def test_rollback_is_resolved_later(account: PlanningAccount) -> None:
    found = resolve(account, by_hand(Rollback=True))

    assert (found.readiness, found.artifact) == (Readiness.READY, None)


@pytest.mark.parametrize("rollback", [True, "churn-20261124T120000-0123456789ab"], ids=["the one before", "named"])
def test_upload_requests_no_rollback(account: PlanningAccount, rollback: object) -> None:
    """It would go back with each new model."""
    manifest = put_manifest(account, Rollback=rollback)

    assert rejection(account, by_upload(manifest)) == (
        "Rollback: is asked for by an event or an execution, not by an upload"
    )
    assert rejection(account, by_upload(upload(account))).startswith("Rollback: ")


def test_manifest_may_not_contradict_its_folder(account: PlanningAccount) -> None:
    manifest = put_manifest(account, EndpointName="other")

    assert rejection(account, by_upload(manifest)) == (
        "EndpointName: 'other' contradicts where the request comes from, 'churn'"
    )


def test_request_is_checked_against_the_limits_of_the_stack(account: PlanningAccount) -> None:
    message = rejection(account, by_hand(Models={"m": IMAGE}), Allowances(image_patterns=("other/*",)))

    assert message.startswith("Models.m.PrimaryContainer.Image: ")


PIPELINE = {"Containers": [{"Image": f"{REGISTRY}/{name}:1"} for name in ("pre", "main")]}


def test_upload_that_several_containers_of_a_model_would_get_is_rejected(account: PlanningAccount) -> None:
    upload(account)

    message = rejection(account, by_upload(put_manifest(account, Models={"pipe": PIPELINE})))

    assert [line.partition(": ")[0] for line in message.splitlines()] == [
        "Models.pipe.Containers[0].ModelDataUrl",
        "Models.pipe.Containers[1].ModelDataUrl",
    ]
    assert "write ModelDataUrl: null for each container that has no model data" in message


def test_upload_is_for_the_one_container_without_a_field_for_data(account: PlanningAccount) -> None:
    artifact = upload(account)
    before, main = PIPELINE["Containers"]
    manifest = put_manifest(account, Models={"pipe": {"Containers": [{**before, "ModelDataUrl": None}, main]}})

    found = resolve(account, by_upload(manifest))

    assert (found.readiness, found.artifact) == (Readiness.READY, artifact)
