"""What starts an execution."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.aws.s3_objects import Artifact
from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.planning.triggers import Trigger, UploadLocation, parse_trigger
from tests.unit.planning_samples import NOON, at

EVENTS = Path(__file__).parents[1] / "events"
LOCATION = UploadLocation("artifacts", "models/", "111122223333")
STARTED_AT = at(1)


def sample(name: str, **changed: Any) -> Document:
    """Read a sample of an event, with some of its members changed."""
    event: Document = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return {**event, **changed}


def uploaded(key: str, bucket: str = "artifacts", **changed: Any) -> Document:
    """Build the event of an upload."""
    event = sample("artifact_uploaded")
    detail = {**event["detail"], "bucket": {"name": bucket}}
    detail["object"] = {**detail["object"], "key": key, **changed}
    return {**event, "detail": detail}


def package_event(**changed: Any) -> dict[str, Any]:
    """Build the event of an approved model package, with some members of its detail changed."""
    event = sample("model_package_approved")
    return {**event, "detail": {**event["detail"], **changed}}


def parse(document: object, location: UploadLocation = LOCATION) -> Trigger:
    """Read the input of an execution."""
    return parse_trigger(document, "run-1", STARTED_AT, location)


def rejection(document: object, location: UploadLocation = LOCATION) -> str:
    """Return the message with which an input is rejected."""
    with pytest.raises(InvalidRequestError) as rejected:
        parse(document, location)
    return str(rejected.value)


def test_uploaded_artifact_names_its_version_and_the_endpoint_of_its_folder() -> None:
    event = sample("artifact_uploaded")

    trigger = parse(event)

    assert (trigger.request_id, trigger.requested_at, trigger.endpoint_name) == (event["id"], NOON, "churn")
    key, version = (event["detail"]["object"][member] for member in ("key", "version-id"))
    assert trigger.upload == Artifact("artifacts", key, version)
    assert trigger.document is None


@pytest.mark.parametrize("version", [{"version-id": ""}, {"version-id": "null"}], ids=["none", "null"])
def test_upload_without_a_version_is_known_by_its_etag(version: dict[str, str]) -> None:
    """A bucket without versioning names none; one from before versioning has null."""
    trigger = parse(uploaded("models/churn/model.tar.gz", etag="0123", **version))

    assert trigger.upload is not None
    assert trigger.upload.version == '"0123"'
    assert not trigger.upload.has_version_id


def test_uploaded_manifest_is_a_trigger() -> None:
    trigger = parse(sample("manifest_uploaded"))

    assert trigger.upload is not None
    assert (trigger.endpoint_name, trigger.upload.key) == ("churn", "models/churn/deployment.yaml")


def test_approved_model_package_is_a_request_for_the_endpoint_of_its_group() -> None:
    event = sample("model_package_approved")

    trigger = parse(event)

    assert (trigger.request_id, trigger.requested_at, trigger.endpoint_name) == (event["id"], NOON, "churn")
    package = event["detail"]["ModelPackageArn"]
    assert trigger.document == {"Models": {"package": {"PrimaryContainer": {"ModelPackageName": package}}}}


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"UpdatedModelPackageFields": ["ModelApprovalStatus"]}, id="the approval"),
        pytest.param({"UpdatedModelPackageFields": ["ModelLifeCycle", "ModelApprovalStatus"]}, id="more besides"),
        pytest.param({"UpdatedModelPackageFields": []}, id="nothing, as it was registered as approved"),
    ],
)
def test_approval_of_a_model_package_is_a_request(changed: dict[str, Any]) -> None:
    assert parse(package_event(**changed)).endpoint_name == "churn"


@pytest.mark.parametrize("fields", [["ModelLifeCycle"], ["CustomerMetadataProperties", "ApprovalDescription"]], ids=str)
def test_other_change_of_an_approved_package_is_rejected(fields: list[str]) -> None:
    """Its event says Approved, too; an old package would come back live."""
    assert rejection(package_event(UpdatedModelPackageFields=fields)) == (
        f"detail.UpdatedModelPackageFields: names {', '.join(fields)}; only a change of ModelApprovalStatus is deployed"
    )


@pytest.mark.parametrize("groups", [("*",), ("fraud-*", "ch*"), ("churn",)], ids=str)
def test_package_of_an_allowed_group_is_a_request(groups: tuple[str, ...]) -> None:
    trigger = parse_trigger(package_event(), "run-1", STARTED_AT, LOCATION, groups)

    assert trigger.endpoint_name == "churn"


@pytest.mark.parametrize("groups", [("churn-*", "Churn"), ()], ids=str)
def test_package_of_another_group_is_rejected(groups: tuple[str, ...]) -> None:
    with pytest.raises(InvalidRequestError) as rejected:
        parse_trigger(package_event(), "run-1", STARTED_AT, LOCATION, groups)

    assert str(rejected.value) == (
        "detail.ModelPackageGroupName: churn is no group that this stack deploys; see its parameter ModelPackageGroups"
    )


def test_event_of_an_application_brings_its_request() -> None:
    event = sample("deployment_requested")

    assert parse(event) == Trigger(event["id"], NOON, document=event["detail"])


def test_anything_else_is_the_request_itself() -> None:
    document = sample("manual")

    assert parse(document) == Trigger("run-1", STARTED_AT, document=document)


@pytest.mark.parametrize("document", [None, [], "x", 7, {}, {"detail-type": "x", "source": "y"}], ids=str)
def test_input_that_is_no_event_is_left_to_the_check_of_the_request(document: object) -> None:
    assert parse(document).document == document


def test_time_of_an_event_is_read_in_utc() -> None:
    trigger = parse(sample("deployment_requested", time="2026-11-24T14:00:00+02:00"))

    assert (trigger.requested_at, trigger.requested_at.utcoffset()) == (NOON, timedelta())


REJECTED: dict[str, tuple[Document, str]] = {
    "an unknown event": (
        sample("deployment_requested", **{"detail-type": "Deployment Requested"}),
        (
            "detail-type: must be 'Endpoint Deployment Requested' for a request of an application, and is "
            "'Deployment Requested'"
        ),
    ),
    "a source that sends no such event": (
        sample("artifact_uploaded", source="me"),
        "source: Input should be 'aws.s3'",
    ),
    "no id": (sample("deployment_requested", id=""), "id: String should have at least 1 character"),
    "a long id": (
        sample("deployment_requested", id="x" * 129),
        "id: String should have at most 128 characters",
    ),
    "no more than an event of nobody": (
        {"detail-type": "Endpoint Deployment Requested", "source": "me", "detail": {}},
        "id: Field required",
    ),
    "a time without a zone": (
        sample("deployment_requested", time="2026-11-24T12:00:00"),
        "time: Input should have timezone info",
    ),
    "a package that is not approved": (
        package_event(ModelApprovalStatus="PendingManualApproval"),
        "detail.ModelApprovalStatus: Input should be 'Approved'",
    ),
    "a package that is not complete": (
        package_event(ModelPackageStatus="InProgress"),
        "detail.ModelPackageStatus: Input should be 'Completed'",
    ),
    "another account": (
        sample("deployment_requested", account="444455556666"),
        "account: the event is of account 444455556666, the deployer of 111122223333",
    ),
    "another bucket": (
        uploaded("models/churn/model.tar.gz", bucket="other"),
        "detail.bucket.name: other is not the artifact bucket, artifacts",
    ),
    "a key outside of the prefix": (uploaded("churn/model.tar.gz"), "detail.object.key: 'churn/model.tar.gz' is"),
    "no folder": (
        uploaded("models/model.tar.gz"),
        (
            "detail.object.key: 'models/model.tar.gz' lies in no folder of an endpoint; upload it as "
            "models/<EndpointName>/model.tar.gz"
        ),
    ),
    "a manifest in no folder": (uploaded("models/deployment.yml"), "as models/<EndpointName>/deployment.yml"),
    "an empty folder name": (uploaded("models//model.tar.gz"), "'models//model.tar.gz' lies in no folder"),
    "another archive": (
        uploaded("models/churn/model.zip"),
        (
            "detail.object.key: 'models/churn/model.zip' is no model.tar.gz; pack the model's files with "
            "tar -czf model.tar.gz and upload that"
        ),
    ),
    "another case": (
        uploaded("models/churn/Deployment.YAML"),
        ("detail.object.key: 'models/churn/Deployment.YAML' is written in another case; upload it as deployment.yaml"),
    ),
    "another file": (
        uploaded("models/churn/notes.txt"),
        (
            "detail.object.key: 'models/churn/notes.txt' is neither model.tar.gz nor deployment.yaml in "
            "models/<EndpointName>/ or below"
        ),
    ),
    "a name that ends like an artifact's": (
        uploaded("models/churn/my-model.tar.gz"),
        "detail.object.key: 'models/churn/my-model.tar.gz' is neither",
    ),
}


@pytest.mark.parametrize(("document", "message"), REJECTED.values(), ids=REJECTED)
def test_event_that_is_not_for_this_deployer_is_rejected_by_field(document: Document, message: str) -> None:
    assert message in rejection(document)


def test_rejected_event_is_not_quoted() -> None:
    """Its detail may hold what is secret."""
    event = sample("artifact_uploaded", detail={"bucket": "hunter2", "object": {"key": 7, "token": "hunter2"}})

    message = rejection(event)

    assert [line.partition(": ")[0] for line in message.splitlines()] == ["detail.bucket", "detail.object.key"]
    assert "hunter2" not in message


@pytest.mark.parametrize("prefix", ["", "models/"], ids=["uploads anywhere", "uploads below a prefix"])
@pytest.mark.parametrize(
    "key",
    [
        "revisions/churn/artifacts/0123456789ab/model.tar.gz",
        "revisions/model.tar.gz",
        "revisions/churn/deployment.yaml",
    ],
)
def test_object_in_the_store_is_no_upload(key: str, prefix: str) -> None:
    """The copies that the deployer itself makes start nothing."""
    location = UploadLocation("artifacts", prefix, "111122223333")

    assert rejection(uploaded(key), location) == (
        f"detail.object.key: '{key}' is in the deployer's own store, revisions/"
    )


@given(
    folders=st.lists(st.text(st.characters(exclude_characters="/"), min_size=1, max_size=5), min_size=1, max_size=4),
    name=st.sampled_from(["model.tar.gz", "deployment.yaml", "deployment.yml", "deployment.json"]),
)
def test_endpoint_is_the_first_folder_below_the_prefix(folders: list[str], name: str) -> None:
    trigger = parse(uploaded(f"models/{'/'.join(folders)}/{name}"))

    assert trigger.endpoint_name == folders[0]


def test_folder_of_an_endpoint_lies_below_the_prefix() -> None:
    assert LOCATION.folder("churn") == "models/churn"


@given(moment=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the time zone
def test_request_by_hand_is_as_old_as_its_execution(moment: datetime) -> None:
    assert parse_trigger({}, "run-1", moment, LOCATION).requested_at == moment
