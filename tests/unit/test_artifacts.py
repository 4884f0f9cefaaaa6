"""The adapter of S3: artifacts and manifests are found and read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from moto import mock_aws

from deployer import errors
from deployer.aws.s3 import Artifacts, parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET = "artifacts"


@pytest.fixture
def s3() -> Iterator[Any]:
    """A client of a versioned, empty bucket."""
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture
def artifacts(s3: Any) -> Artifacts:
    """The adapter of that bucket."""
    return Artifacts(s3)


def put(s3: Any, key: str, body: bytes = b"x") -> str:
    """Upload an object and return its version."""
    version: str = s3.put_object(Bucket=BUCKET, Key=key, Body=body)["VersionId"]
    return version


@pytest.mark.parametrize("key", ["models/churn/model.tar.gz", "models/ch urn/a+b%20ü/model.tar.gz"])
def test_the_current_version_is_found(s3: Any, artifacts: Artifacts, key: str) -> None:
    """An overwritten object is known by the version that is current, whatever its key is made of."""
    put(s3, key, b"old")
    newest = put(s3, key, b"new")

    found = artifacts.find(BUCKET, key)

    assert found is not None
    assert (found.version, found.uri) == (newest, f"s3://{BUCKET}/{key}")


def test_without_versions_the_etag_tells_contents_apart(s3: Any, artifacts: Artifacts) -> None:
    """In a bucket without versioning an object is known by its ETag."""
    s3.create_bucket(Bucket="plain")
    etag = s3.put_object(Bucket="plain", Key="model.tar.gz", Body=b"x")["ETag"]

    found = artifacts.find("plain", "model.tar.gz")

    assert found is not None
    assert found.version == etag.strip('"')


def test_what_is_not_there_is_not_found(artifacts: Artifacts) -> None:
    """Absence, of an object or of its whole bucket, is an answer and no error."""
    assert artifacts.find(BUCKET, "models/churn/model.tar.gz") is None
    assert artifacts.find("nobody-s-bucket", "model.tar.gz") is None
    assert artifacts.read(BUCKET, "models/churn/deployment.yaml") is None
    assert not artifacts.find_any(BUCKET, "models/")


@pytest.mark.parametrize(
    ("manifests", "expected"),
    [
        pytest.param(["models/churn/", "models/churn/v1/"], b"models/churn/v1/", id="beside it"),
        pytest.param(["models/churn/"], b"models/churn/", id="at the endpoint's folder"),
        pytest.param(["models/churn/", "models/churn/v2/"], b"models/churn/", id="not the neighbour's"),
        pytest.param(["models/", ""], None, id="not above the endpoint's folder"),
        pytest.param(["models/churn2/"], None, id="not another endpoint's"),
    ],
)
def test_the_nearest_manifest_governs(
    s3: Any, artifacts: Artifacts, manifests: list[str], expected: bytes | None
) -> None:
    """The manifest is looked for from the artifact's folder upwards to the endpoint's."""
    for folder in manifests:
        put(s3, f"{folder}deployment.yaml", folder.encode())

    assert artifacts.nearest_manifest(BUCKET, "models/churn/v1/output/model.tar.gz", "models/churn") == expected


def test_a_large_manifest_is_not_read(s3: Any, artifacts: Artifacts) -> None:
    """A manifest that could not pass through the state machine is refused by its size."""
    put(s3, "models/churn/deployment.yaml", b"#" * 300_000)

    with pytest.raises(errors.InvalidRequestError, match="300000 bytes"):
        artifacts.read(BUCKET, "models/churn/deployment.yaml")


def test_the_newest_artifact_below_a_manifest_is_found(s3: Any, artifacts: Artifacts) -> None:
    """A manifest takes the last upload below it, but for folders with a manifest of their own."""
    put(s3, "models/churn/v1/model.tar.gz")
    newest = put(s3, "models/churn/v2/output/model.tar.gz")
    put(s3, "models/churn/v3/deployment.yaml")
    put(s3, "models/churn/v3/model.tar.gz")
    put(s3, "models/churn/deployment.yaml")
    put(s3, "models/churned/model.tar.gz")

    # S3 tells times by the second; the larger key is taken for the later one then.
    found = artifacts.newest_below(BUCKET, "models/churn")

    assert found is not None
    assert (found.key, found.version) == ("models/churn/v2/output/model.tar.gz", newest)


def test_no_artifact_below_a_manifest_is_an_answer(s3: Any, artifacts: Artifacts) -> None:
    """A manifest may be there first."""
    put(s3, "models/churn/deployment.yaml")

    assert artifacts.newest_below(BUCKET, "models/churn") is None


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("SlowDown", 503, errors.StorageUnavailableError),
        ("InternalError", 500, errors.StorageUnavailableError),
        ("AccessDenied", 403, errors.AccessDeniedError),
        ("InvalidBucketName", 400, errors.InvalidRequestError),
    ],
)
def test_what_s3_answers_has_a_name(code: str, status: int, expected: type[Exception]) -> None:
    """Faults of S3 are retried; what S3 forbids or cannot understand is final."""
    client = boto3.client("s3")
    with Stubber(client) as stub:
        stub.add_client_error("get_object", code, "Why.", http_status_code=status)

        with pytest.raises(expected):
            Artifacts(client).read(BUCKET, "key")


def test_a_lost_connection_to_s3_passes() -> None:
    """S3 that cannot be reached is tried again."""
    client = boto3.client("s3", config=Config(retries={"total_max_attempts": 1}))

    def lose(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://s3")

    client.meta.events.register("before-send.s3.HeadObject", lose)

    with pytest.raises(errors.StorageUnavailableError):
        Artifacts(client).find(BUCKET, "key")


def test_a_uri_is_taken_apart() -> None:
    """Bucket and key are what lies before and behind the first slash."""
    assert parse_uri("s3://bucket/a/b c.tar.gz") == ("bucket", "a/b c.tar.gz")
