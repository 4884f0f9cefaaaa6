"""Stored requests and artifacts, and their sweep."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from deployer.planning.revision_store import StoredData, StoredRevision
from tests.unit.manual_clock import Clock
from tests.unit.planning_samples import NOON, revision
from tests.unit.sweep_factories import Sweeper

if TYPE_CHECKING:
    from tests.unit.sweep_fakes import FakeObjects, FakeSageMaker

ENDPOINTS = ["churn", "html"]
REVISIONS = {revision(number, number, endpoint).name: endpoint for endpoint in ENDPOINTS for number in range(3)}
FIRST, SECOND, THIRD = (name for name, endpoint in REVISIONS.items() if endpoint == "churn")
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


hours = st.sampled_from([1, 25])
