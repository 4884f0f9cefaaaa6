"""An event or an input that starts an execution becomes a trigger with its endpoint, its version and its time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.aws.s3_objects import Artifact
from deployer.errors import InvalidRequestError
from deployer.planning.triggers import AllowedEvents, Trigger, parse_trigger
from tests.unit.planning_samples import NOON
from tests.unit.trigger_samples import LOCATION, STARTED_AT, package_event, parse, rejection, sample, uploaded


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
    trigger = parse_trigger(package_event(), "run-1", STARTED_AT, LOCATION, AllowedEvents(groups))

    assert trigger.endpoint_name == "churn"


@pytest.mark.parametrize("groups", [("churn-*", "Churn"), ()], ids=str)
def test_package_of_another_group_is_rejected(groups: tuple[str, ...]) -> None:
    with pytest.raises(InvalidRequestError) as rejected:
        parse_trigger(package_event(), "run-1", STARTED_AT, LOCATION, AllowedEvents(groups))

    assert str(rejected.value) == (
        "detail.ModelPackageGroupName: churn is not a group that this stack deploys; see its parameter "
        "ModelPackageGroups"
    )


def test_event_of_an_application_brings_its_request() -> None:
    event = sample("deployment_requested")

    assert parse(event) == Trigger(event["id"], NOON, document=event["detail"])


def test_other_input_is_the_request_itself() -> None:
    document = sample("manual")

    assert parse(document) == Trigger("run-1", STARTED_AT, document=document)


@pytest.mark.parametrize("document", [None, [], "x", 7, {}, {"detail-type": "x", "source": "y"}], ids=str)
def test_input_that_is_not_an_event_is_checked_as_a_request(document: object) -> None:
    assert parse(document).document == document


def test_clock_of_a_sender_may_be_ahead_by_minutes() -> None:
    """The execution has started a minute after noon."""
    trigger = parse(sample("deployment_requested", time="2026-11-24T12:06:00Z"))

    assert trigger.requested_at == NOON + timedelta(minutes=6)


def test_time_of_an_event_is_read_in_utc() -> None:
    trigger = parse(sample("deployment_requested", time="2026-11-24T14:00:00+02:00"))

    assert (trigger.requested_at, trigger.requested_at.utcoffset()) == (NOON, timedelta())


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
