"""The step StoreRevision keeps a revision's request, its executions and its copies, also when it is repeated."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

import store_revision
from deployer import clock, runtime
from deployer.aws.s3 import Objects
from deployer.errors import ArtifactMissingError, CopyUnfinishedError
from deployer.json_document import Document
from deployer.planning.keys import STORE_PREFIX, artifact_key, request_key
from deployer.planning.plan import Action, Plan
from deployer.planning.revision_store import Copy, StoredData, StoredRevision
from tests.unit.stored_samples import EXECUTION, NOON, REQUEST, REVISION

if TYPE_CHECKING:
    from collections.abc import Iterator


BUCKET, UPLOAD = "artifacts", "models/churn/model.tar.gz"
CONTEXT: Any = SimpleNamespace(
    function_name="f", memory_limit_in_mb=512, invoked_function_arn="arn:aws:lambda:…", aws_request_id="r"
)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The artifact bucket, and the function's environment."""
    monkeypatch.setenv("ARTIFACT_BUCKET", BUCKET)
    monkeypatch.setenv("STACK_NAME", "test")
    with mock_aws():
        runtime.client.cache_clear()
        runtime.copy_client.cache_clear()
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client
    runtime.client.cache_clear()
    runtime.copy_client.cache_clear()


def planned_copy(s3: Any, body: bytes = b"bytes") -> Copy:
    """Upload an artifact and plan its copy."""
    version = s3.put_object(Bucket=BUCKET, Key=UPLOAD, Body=body)["VersionId"]
    target = artifact_key("churn", f"s3://{BUCKET}/{UPLOAD}", version)
    return Copy(bucket=BUCKET, key=UPLOAD, version=version, size=len(body), target=target)


def run(*copies: Copy, execution: str = EXECUTION) -> Document:
    """Run the step with a plan that needs some copies."""
    plan = Plan(
        action=Action.CREATE,
        wait_seconds=60,
        execution=execution,
        stack="test",
        request_id="run-1",
        endpoint_name="churn",
        requested_at=NOON,
        started_at=NOON,
        timeout_seconds=7200,
        request=REQUEST,
        revision=REVISION,
        model_names={"m": "churn-m-0123456789ab"},
        copies=list(copies),
        data=[
            StoredData(
                path="P",
                uri=f"s3://{BUCKET}/{copy.target}",
                version=copy.version,
                size=copy.size,
                copied_from=f"s3://{copy.bucket}/{copy.key}",
            )
            for copy in copies
        ],
    )
    return store_revision.handler({"Plan": plan.model_dump(mode="json", by_alias=True)}, CONTEXT)


def stored_keys(s3: Any) -> list[str]:
    """List what the store holds."""
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix=STORE_PREFIX).get("Contents", [])]


def test_revision_is_stored(s3: Any) -> None:
    """The request, the execution that works on it, and the exact version of the artifact."""
    copy = planned_copy(s3)
    s3.put_object(Bucket=BUCKET, Key=UPLOAD, Body=b"overwritten since")

    assert run(copy) == {"Copied": 1, "Bytes": 5}
    assert stored_keys(s3) == [
        copy.target,
        f"revisions/churn/{REVISION}/executions/run-1",
        f"revisions/churn/{REVISION}/request.json",
    ]
    assert s3.get_object(Bucket=BUCKET, Key=copy.target)["Body"].read() == b"bytes"
    content = s3.get_object(Bucket=BUCKET, Key=f"revisions/churn/{REVISION}/request.json")["Body"].read()
    assert json.loads(content) == {
        "Format": 1,
        "Revision": REVISION,
        "EndpointName": "churn",
        "RequestedAt": "2026-11-24T12:00:00Z",
        "RequestId": "run-1",
        "Execution": EXECUTION,
        "Request": REQUEST,
        "ModelNames": {"m": "churn-m-0123456789ab"},
        "Data": [
            {
                "Path": "P",
                "Uri": f"s3://{BUCKET}/{copy.target}",
                "Version": copy.version,
                "Size": 5,
                "CopiedFrom": f"s3://{BUCKET}/{UPLOAD}",
            }
        ],
    }


def test_step_that_is_repeated_changes_nothing(s3: Any) -> None:
    """Every object is written once, even if another run repeats the step."""
    copy = planned_copy(s3)
    run(copy)

    assert run(copy) == {"Copied": 0, "Bytes": 0}
    assert len(s3.list_object_versions(Bucket=BUCKET, Prefix=STORE_PREFIX)["Versions"]) == 3


def test_second_execution_of_a_revision_adds_its_name(s3: Any) -> None:
    """Both are woken; the stored request stays that of the first."""
    run()
    run(execution=f"{EXECUTION}-again")

    assert [key.rpartition("/")[2] for key in stored_keys(s3)] == ["run-1", "run-1-again", "request.json"]
    content = Objects(s3).read(BUCKET, request_key("churn", REVISION))
    assert content is not None
    assert StoredRevision.parse(content).execution == EXECUTION


def test_request_is_stored_before_the_copies(s3: Any) -> None:
    """The sweeper keeps what a stored request names, also while it is being copied."""
    copy = planned_copy(s3)
    s3.delete_object(Bucket=BUCKET, Key=UPLOAD, VersionId=copy.version)

    with pytest.raises(ArtifactMissingError):
        run(copy)

    assert len(stored_keys(s3)) == 2


def test_copy_without_time_left_is_repeated(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the deadline the step raises an error that the state machine retries."""
    copy = planned_copy(s3)
    now = 0.0

    def monotonic() -> float:
        nonlocal now
        now += 1000
        return now

    monkeypatch.setattr(clock, "monotonic", monotonic)

    with pytest.raises(CopyUnfinishedError, match=r"^0 of 1 objects were copied"):
        run(copy)


def test_folder_is_stored(s3: Any) -> None:
    """All its objects are copied below the folder of the copy."""
    for name in ("config.json", "weights/1.bin"):
        s3.put_object(Bucket=BUCKET, Key=f"llm/{name}", Body=b"abc")
    listing = Objects(s3).listing(BUCKET, "llm/")
    target = artifact_key("churn", f"s3://{BUCKET}/llm/", listing.digest, "")

    assert run(Copy(bucket=BUCKET, key="llm/", version=listing.digest, size=6, target=target)) == {
        "Copied": 2,
        "Bytes": 6,
    }
    assert stored_keys(s3)[:2] == sorted([f"{target}config.json", f"{target}weights/1.bin"])
