"""What the sweep sees of an endpoint: what is not readable or too much is not reported as drift."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deployer.aws.s3_objects import Artifact, ListedObject
from deployer.drift.find import Upload
from deployer.drift.look import Observer
from deployer.errors import InvalidRequestError
from deployer.planning.keys import request_key
from deployer.planning.revision_store import StoredRevision
from deployer.tags import DEPLOYED, STACK_TAG, STATE_TAG
from tests.unit.planning_samples import NOON, STACK, at, revision
from tests.unit.sweep_fakes import FakeObjects, FakeSageMaker

REVISION = revision("a")
KEY = "models/churn/model.tar.gz"


class Uploads(FakeObjects):
    """A bucket with one upload; an error in its place is raised.

    Attributes:
        newest: What lies below the endpoint's folder.
    """

    newest: Artifact | Exception | None = None

    def newest_below(self, _bucket: str, _folder: str) -> Artifact | None:
        """Return the newest object."""
        if isinstance(self.newest, Exception):
            raise self.newest
        return self.newest

    def list_objects(self, bucket: str, prefix: str) -> Any:
        """List objects."""
        if prefix == KEY:
            return iter([ListedObject(KEY, 1, at(30))])
        return super().list_objects(bucket, prefix)


def look(objects: Any, registry: Any = None, **endpoint: Any) -> Any:
    """Look at an endpoint that serves a deployed revision."""
    sagemaker: Any = FakeSageMaker()
    sagemaker.add_config(REVISION.name)
    sagemaker.tags[f"config/{REVISION.name}"] = {STACK_TAG: STACK, STATE_TAG: DEPLOYED}
    sagemaker.add_endpoint("churn", REVISION.name)
    sagemaker.endpoints["churn"] |= {"CreationTime": NOON, "EndpointArn": "endpoint/churn", **endpoint}
    nobody: Any = None
    observer = Observer(
        sagemaker=sagemaker,
        objects=objects,
        executions=nobody,
        monitoring=nobody,
        scaling=nobody,
        registry=registry,
        bucket="artifacts",
        prefix="models/",
        stack=STACK,
        state_machine="arn:aws:states:us-east-1:111122223333:stateMachine:deploy",
        idle_days=0,
        now=at(600),
    )
    return observer.look_at("churn")


def stored(**changed: Any) -> bytes:
    """Build the stored request of the revision."""
    made = StoredRevision(
        revision=REVISION.name,
        endpoint_name="churn",
        requested_at=NOON,
        request_id="event-1",
        execution="arn:aws:states:us-east-1:111122223333:execution:deploy:run-1",
        request={},
        model_names={},
    )
    return json.dumps({**json.loads(made.to_json()), **changed}).encode()


def bucket(request: bytes, newest: Artifact | Exception | None = None) -> Uploads:
    """Build a bucket with the stored request of the revision, and what was uploaded."""
    objects = Uploads()
    objects.put(request_key("churn", REVISION.name), request)
    objects.newest = newest
    return objects


UPLOADED = Artifact("artifacts", KEY, "v2")


def test_newest_upload_is_seen_with_its_time() -> None:
    assert look(bucket(stored(), UPLOADED)).upload == Upload(KEY, "v2", at(30))


def test_folder_of_more_objects_than_are_searched_shows_no_upload() -> None:
    seen = look(bucket(stored(), InvalidRequestError("holds more than 10,000 objects")))

    assert seen.upload is None
    assert seen.is_in_store


@pytest.mark.parametrize("request_", [stored(Format=2), b"{", b"[]"], ids=["of a later version", "cut off", "a list"])
def test_uploads_are_compared_with_no_request_that_cannot_be_read(request_: bytes) -> None:
    """Which version is deployed is not known then."""
    seen = look(bucket(request_, UPLOADED))

    assert (seen.upload, seen.versions, seen.missing_data) == (None, frozenset(), ())


class FakeRegistry:
    """A registry in which every tag has one digest."""

    def __init__(self, digest: str | None) -> None:
        self.digest = digest

    def digest_of(self, _image: str) -> str | None:
        """Return the digest."""
        return self.digest


@pytest.mark.parametrize(
    ("resolved", "current", "changed"),
    [
        pytest.param("i@sha256:a", "sha256:b", ("i:1",), id="moved"),
        pytest.param("i@sha256:a", "sha256:a", (), id="as deployed"),
        pytest.param("i@sha256:a", None, (), id="not known"),
        pytest.param("i:1", "sha256:b", (), id="not resolved by SageMaker"),
    ],
)
def test_image_is_compared_with_the_digest_of_its_tag(
    resolved: str, current: str | None, changed: tuple[str, ...]
) -> None:
    """Two variants of one image are one difference."""
    images = [{"SpecifiedImage": "i:1", "ResolvedImage": resolved}]
    variants = [{"VariantName": name, "DeployedImages": images} for name in ("A", "B")]

    view = look(bucket(stored()), FakeRegistry(current), ProductionVariants=variants)

    assert view.changed_images == changed
