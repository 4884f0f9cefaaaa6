"""SweepUnused in the artifact bucket: which stored requests and artifacts are removed, and which stay."""

from __future__ import annotations

import pytest

from deployer.errors import InvalidRequestError
from tests.unit.planning_samples import NOON
from tests.unit.stored_sweeps import (
    ARTIFACTS,
    FIRST,
    SECOND,
    THIRD,
    artifacts_in,
    hours_ago,
    put_artifact,
    request,
    requests_in,
    sweep,
)
from tests.unit.sweep_factories import names
from tests.unit.sweep_fakes import FakeObjects, FakeSageMaker


def stored(*revisions: str, models: tuple[str, ...] = (), artifacts: tuple[str, ...] = (ARTIFACTS[0],)) -> FakeObjects:
    """Build a bucket with old requests of the endpoint `churn` that name the same models and artifacts."""
    objects = FakeObjects()
    for name in revisions:
        objects.put_request("churn", name, request("churn", list(models), list(artifacts)), hours_ago(48))
    for artifact in artifacts:
        put_artifact(objects, "churn", artifact, hours_ago(48))
    return objects


def test_request_of_which_nothing_is_left_goes_with_its_artifact() -> None:
    objects = stored(FIRST)

    cursor = sweep(FakeSageMaker(), objects)

    assert objects.bodies == {}
    assert names(cursor) == {"Revisions": [FIRST], "Artifacts": [f"churn/{ARTIFACTS[0]}"]}


def test_request_stays_with_its_config() -> None:
    account, objects = FakeSageMaker(), stored(FIRST)
    account.add_config(FIRST, at=hours_ago(48))

    sweep(account, objects)

    assert requests_in(objects) == {FIRST}
    assert artifacts_in(objects) == {("churn", ARTIFACTS[0])}


def test_model_keeps_one_request() -> None:
    """All that name the same model name the same artifacts; the newest one is enough to protect them."""
    account, objects = FakeSageMaker(), stored(FIRST, SECOND, THIRD, models=("mine",))
    account.add_model("mine", hours_ago(48))

    sweep(account, objects)

    assert requests_in(objects) == {THIRD}
    assert artifacts_in(objects) == {("churn", ARTIFACTS[0])}


def test_stored_objects_of_a_running_execution_are_not_swept() -> None:
    """It stores its request and its execution before it makes the config."""
    objects = stored(FIRST)
    objects.put(f"revisions/churn/{FIRST}/executions/run-2", at=hours_ago(1))

    assert names(sweep(FakeSageMaker(), objects)) == {}


def test_artifact_that_was_just_copied_stays() -> None:
    objects = stored(FIRST)
    objects.put(f"revisions/churn/artifacts/{ARTIFACTS[0]}/part/three", at=hours_ago(1))

    assert names(sweep(FakeSageMaker(), objects)) == {"Revisions": [FIRST]}


def test_resources_of_an_endpoint_without_config_stay() -> None:
    account, objects = FakeSageMaker(), stored(FIRST)
    account.add_endpoint("churn", SECOND)

    assert names(sweep(account, objects)) == {}


@pytest.mark.parametrize("body", [b"no JSON", b"[]", b"{}", b'{"Format": 2}', b"\xff"], ids=repr)
def test_request_that_is_none_protects_all_artifacts(body: bytes) -> None:
    """It may name any artifact."""
    objects = stored(FIRST, artifacts=(ARTIFACTS[1],))
    objects.put_request("churn", SECOND, body, hours_ago(48))

    sweep(FakeSageMaker(), objects)

    assert requests_in(objects) == {SECOND}
    assert artifacts_in(objects) == {("churn", ARTIFACTS[1])}


def test_request_that_cannot_be_read_protects_all_artifacts() -> None:
    class Refusing(FakeObjects):
        """A bucket with an object that is too large to be read."""

        def read(self, bucket: str, key: str) -> bytes | None:
            if SECOND in key:
                raise InvalidRequestError("too large")
            return super().read(bucket, key)

    objects = Refusing(**vars(stored(FIRST, SECOND)))

    assert names(sweep(FakeSageMaker(), objects)) == {"Revisions": [FIRST]}
    assert artifacts_in(objects) == {("churn", ARTIFACTS[0])}


def test_folder_without_a_request_goes() -> None:
    """A sweep that was interrupted may leave the reverse, but no run does."""
    objects = FakeObjects()
    objects.put(f"revisions/churn/{FIRST}/executions/run-1", at=hours_ago(48))

    sweep(FakeSageMaker(), objects)

    assert objects.bodies == {}


def test_request_that_comes_just_before_the_artifact_is_deleted_protects_it() -> None:
    account, objects = FakeSageMaker(), stored(FIRST)
    put = objects.put_request

    class Racing(FakeObjects):
        """A bucket in which a run stores its request as soon as the last one that named the artifact is deleted."""

        def delete_permanently(self, bucket: str, key: str) -> None:
            super().delete_permanently(bucket, key)
            if key.endswith("request.json"):
                put("churn", SECOND, request("churn", [], [ARTIFACTS[0]]), NOON)

    racing = Racing(objects.bodies, objects.modified)

    sweep(account, racing)

    assert requests_in(racing) == {SECOND}
    assert artifacts_in(racing) == {("churn", ARTIFACTS[0])}


def test_dry_run_deletes_nothing_and_reports_the_same() -> None:
    objects = stored(FIRST)
    before = dict(objects.bodies)

    listed = sweep(FakeSageMaker(), objects, is_dry_run=True)
    kept = dict(objects.bodies)

    assert kept == before
    assert names(listed) == names(sweep(FakeSageMaker(), objects))
