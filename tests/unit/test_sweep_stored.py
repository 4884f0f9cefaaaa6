"""SweepUnused in the artifact bucket: which stored requests and artifacts are removed, and which stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import InvalidRequestError
from deployer.planning.revision_store import StoredData, StoredRevision
from tests.unit.hosting_account import Clock
from tests.unit.planning_samples import NOON, revision
from tests.unit.sweep_factories import Sweeper, names
from tests.unit.sweep_fakes import FakeObjects, FakeSageMaker

ENDPOINTS = ["churn", "html"]
REVISIONS = {revision(number, number, endpoint).name: endpoint for endpoint in ENDPOINTS for number in range(3)}
FIRST, SECOND, THIRD = (name for name, endpoint in REVISIONS.items() if endpoint == "churn")
MODELS = {endpoint: [f"{endpoint}-m-{number:012x}" for number in range(2)] for endpoint in ENDPOINTS}
ARTIFACTS = [f"a{number:011x}" for number in range(3)]


def hours_ago(hours: float) -> datetime:
    """Return a time before noon."""
    return NOON - timedelta(hours=hours)


def request(endpoint: str, models: list[str], artifacts: list[str]) -> bytes:
    """Write a stored request."""
    uris = [f"s3://artifacts/revisions/{endpoint}/artifacts/{each}/model.tar.gz" for each in artifacts]
    return StoredRevision(
        revision=FIRST,
        endpoint_name=endpoint,
        requested_at=NOON,
        request_id="run-1",
        execution="run-1",
        request={},
        model_names={str(number): name for number, name in enumerate(models)},
        data=[StoredData(path="", uri=uri, version="") for uri in uris],
    ).to_json()


def put_artifact(objects: FakeObjects, endpoint: str, artifact: str, at: datetime) -> None:
    """Store an artifact of two objects."""
    for name in ("model.tar.gz", "part/two"):
        objects.put(f"revisions/{endpoint}/artifacts/{artifact}/{name}", at=at)


def artifacts_in(objects: FakeObjects) -> set[tuple[str, str]]:
    """Return the endpoints and digests of the stored artifacts."""
    keys = [key.split("/") for key in objects.bodies]
    return {(parts[1], parts[3]) for parts in keys if parts[2] == "artifacts"}


def requests_in(objects: FakeObjects) -> set[str]:
    """Return the revisions whose requests are stored."""
    return {key.split("/")[2] for key in objects.bodies if key.endswith("/request.json")}


def sweep(account: FakeSageMaker, objects: FakeObjects, **options: Any) -> Any:
    """Sweep at noon."""
    return Sweeper(account, objects, Clock(NOON.timestamp())).sweep(**options)


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


def test_what_a_run_works_on_stays() -> None:
    """It stores its request and its execution before it makes the config."""
    objects = stored(FIRST)
    objects.put(f"revisions/churn/{FIRST}/executions/run-2", at=hours_ago(1))

    assert names(sweep(FakeSageMaker(), objects)) == {}


def test_artifact_that_was_just_copied_stays() -> None:
    objects = stored(FIRST)
    objects.put(f"revisions/churn/artifacts/{ARTIFACTS[0]}/part/three", at=hours_ago(1))

    assert names(sweep(FakeSageMaker(), objects)) == {"Revisions": [FIRST]}


def test_everything_of_an_endpoint_stays_whose_config_was_deleted() -> None:
    account, objects = FakeSageMaker(), stored(FIRST)
    account.add_endpoint("churn", SECOND)

    assert names(sweep(account, objects)) == {}


@pytest.mark.parametrize("body", [b"no JSON", b"[]", b"{}", b'{"Format": 2}', b"\xff"], ids=repr)
def test_request_that_is_none_protects_all_artifacts(body: bytes) -> None:
    """Nobody knows what it names."""
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


def test_dry_run_deletes_nothing_and_tells_the_same() -> None:
    objects = stored(FIRST)
    before = dict(objects.bodies)

    listed = sweep(FakeSageMaker(), objects, is_dry_run=True)
    kept = dict(objects.bodies)

    assert kept == before
    assert names(listed) == names(sweep(FakeSageMaker(), objects))


@dataclass(frozen=True)
class Stored:
    """A stored request: how old it is, and the numbers of the models and artifacts that it names."""

    age: int
    models: list[int]
    artifacts: list[int]
    has_config: bool


hours = st.sampled_from([1, 25])
stored_requests = st.dictionaries(
    st.sampled_from(list(REVISIONS)),
    st.builds(
        Stored,
        hours,
        st.lists(st.integers(0, 1), max_size=2, unique=True),
        st.lists(st.integers(0, 2), max_size=2, unique=True),
        st.booleans(),
    ),
)
stored_artifacts = st.dictionaries(st.tuples(st.sampled_from(ENDPOINTS), st.sampled_from(ARTIFACTS)), hours)
foreign_models = st.sets(st.sampled_from([name for each in MODELS.values() for name in each]))


@given(requests=stored_requests, artifacts=stored_artifacts, theirs=foreign_models)
def test_stored_objects_stay_as_long_as_anything_needs_them(
    requests: dict[str, Stored], artifacts: dict[tuple[str, str], int], theirs: set[str]
) -> None:
    """And no longer; the models stay, because they are not the stack's own."""
    account, objects = FakeSageMaker(), FakeObjects()
    named: dict[str, set[str]] = {}
    for name, each in requests.items():
        endpoint = REVISIONS[name]
        named[name] = {MODELS[endpoint][number] for number in each.models}
        body = request(endpoint, sorted(named[name]), [ARTIFACTS[number] for number in each.artifacts])
        objects.put_request(endpoint, name, body, hours_ago(each.age))
        if each.has_config:
            account.add_config(name, at=hours_ago(each.age), stack="another")
    for (endpoint, artifact), age in artifacts.items():
        put_artifact(objects, endpoint, artifact, hours_ago(age))
    for model in theirs:
        account.add_model(model, hours_ago(48), stack="another")

    sweep(account, objects)
    left, kept = artifacts_in(objects), requests_in(objects)
    again = sweep(account, objects)

    needed = {name for name, each in requests.items() if each.has_config or each.age < 24}
    models_named = {name: named[name] & theirs for name in requests}
    assert needed <= kept
    assert set().union(*models_named.values()) == set().union(*(models_named[name] for name in kept))
    for name in kept - needed:
        newer = {other for other in kept if other > name or requests[other].has_config}
        assert models_named[name] - set().union(*(models_named[other] for other in newer))
    mentioned = {(REVISIONS[name], ARTIFACTS[number]) for name in kept for number in requests[name].artifacts}
    assert left == {each for each, age in artifacts.items() if each in mentioned or age < 24}
    assert names(again) == {}
