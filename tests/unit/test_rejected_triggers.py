"""An event that is not for this deployer is rejected by its field, without quoting it."""

from __future__ import annotations

import pytest

from deployer.json_document import Document
from deployer.planning.triggers import UploadLocation
from tests.unit.trigger_samples import package_event, rejection, sample, uploaded

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
    "a time in the future": (
        sample("deployment_requested", time="2026-11-24T12:06:01Z"),
        "time: 2026-11-24T12:06:01+00:00 is in the future; no request before then could replace it",
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
        "account: the event is from account 444455556666; the deployer is in 111122223333",
    ),
    "another bucket": (
        uploaded("models/churn/model.tar.gz", bucket="other"),
        "detail.bucket.name: other is not the artifact bucket, artifacts",
    ),
    "a key outside of the prefix": (uploaded("churn/model.tar.gz"), "detail.object.key: 'churn/model.tar.gz' is"),
    "no folder": (
        uploaded("models/model.tar.gz"),
        (
            "detail.object.key: 'models/model.tar.gz' is not in the folder of an endpoint; upload it as "
            "models/<EndpointName>/model.tar.gz"
        ),
    ),
    "a manifest in no folder": (uploaded("models/deployment.yml"), "as models/<EndpointName>/deployment.yml"),
    "an empty folder name": (uploaded("models//model.tar.gz"), "'models//model.tar.gz' is not in the folder"),
    "another archive": (
        uploaded("models/churn/model.zip"),
        (
            "detail.object.key: 'models/churn/model.zip' is not a model.tar.gz; pack the model's files with "
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
def test_object_in_the_store_is_not_an_upload(key: str, prefix: str) -> None:
    """The copies that the deployer itself makes start nothing."""
    location = UploadLocation("artifacts", prefix, "111122223333")

    assert rejection(uploaded(key), location) == (
        f"detail.object.key: '{key}' is in the deployer's own store, revisions/"
    )
