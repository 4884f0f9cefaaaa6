"""The adapter of S3 finds objects, manifests and artifacts, and names their versions."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from deployer import errors
from deployer.aws.s3 import Objects
from deployer.aws.s3_objects import parse_uri, version_of
from deployer.json_document import Document
from tests.unit.s3_objects.bucket import BUCKET, put


@pytest.mark.parametrize("key", ["models/churn/model.tar.gz", "models/ch urn/a+b%20ü/model.tar.gz"])
def test_current_version_is_found(s3: Any, objects: Objects, key: str) -> None:
    """An overwritten object is known by the version that is current, whatever its key is made of."""
    put(s3, key, b"old")
    newest = put(s3, key, b"new")

    found = objects.find(BUCKET, key)

    assert found is not None
    assert (found.version, found.uri) == (newest, f"s3://{BUCKET}/{key}")


def test_object_without_versions_is_known_by_its_etag(s3: Any, objects: Objects) -> None:
    """In a bucket without versioning the version is the ETag, in its quotes."""
    s3.create_bucket(Bucket="plain")
    etag = s3.put_object(Bucket="plain", Key="model.tar.gz", Body=b"x")["ETag"]

    found = objects.find("plain", "model.tar.gz")

    assert found is not None
    assert found.version == etag
    assert not found.has_version_id


def test_missing_objects_are_not_found(objects: Objects) -> None:
    """Absence, of an object or of its whole bucket, is an answer and no error."""
    assert objects.find(BUCKET, "models/churn/model.tar.gz") is None
    assert objects.find("nobody-s-bucket", "model.tar.gz") is None
    assert objects.read(BUCKET, "models/churn/deployment.yaml") is None
    assert not objects.find_any(BUCKET, "models/")


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
def test_nearest_manifest_is_read(s3: Any, objects: Objects, manifests: list[str], expected: bytes | None) -> None:
    """The manifest is looked for from the artifact's folder upwards to the endpoint's."""
    for folder in manifests:
        put(s3, f"{folder}deployment.yaml", folder.encode())

    found = objects.nearest_manifest(BUCKET, "models/churn/v1/output/model.tar.gz", "models/churn")

    assert (found and objects.read(BUCKET, found)) == expected


@pytest.mark.parametrize("name", ["deployment.yaml", "deployment.yml", "deployment.json"])
def test_manifest_has_one_of_three_names(s3: Any, objects: Objects, name: str) -> None:
    for other in ("deployment.yaml.bak", "deployment.d/deployment.yaml", "Deployment.yaml"):
        put(s3, f"models/churn/{other}")
    put(s3, f"models/churn/{name}")

    assert objects.nearest_manifest(BUCKET, "models/churn/model.tar.gz", "models/churn") == f"models/churn/{name}"


def test_several_manifests_of_a_folder_are_refused(s3: Any, objects: Objects) -> None:
    put(s3, "models/churn/deployment.json")
    put(s3, "models/churn/deployment.yaml")

    with pytest.raises(errors.InvalidRequestError) as refused:
        objects.nearest_manifest(BUCKET, "models/churn/v1/model.tar.gz", "models/churn")

    assert str(refused.value) == (
        f"s3://{BUCKET}/models/churn/: has deployment.yaml and deployment.json; keep one of them"
    )


def test_large_manifest_is_refused(s3: Any, objects: Objects) -> None:
    """A manifest that could not pass through the state machine is refused by its size."""
    put(s3, "models/churn/deployment.yaml", b"#" * 300_000)

    with pytest.raises(errors.InvalidRequestError, match="300000 bytes"):
        objects.read(BUCKET, "models/churn/deployment.yaml")


def test_newest_artifact_below_a_manifest_is_found(s3: Any, objects: Objects) -> None:
    """A manifest takes the last upload below it, but for folders with a manifest of their own."""
    put(s3, "models/churn/v1/model.tar.gz")
    newest = put(s3, "models/churn/v2/output/model.tar.gz")
    put(s3, "models/churn/v3/deployment.yaml")
    put(s3, "models/churn/v3/model.tar.gz")
    put(s3, "models/churn/deployment.yaml")
    put(s3, "models/churned/model.tar.gz")

    # S3 gives times in whole seconds; of two objects of one second, the larger key counts as the later.
    found = objects.newest_below(BUCKET, "models/churn")

    assert found is not None
    assert (found.key, found.version) == ("models/churn/v2/output/model.tar.gz", newest)


def test_manifest_without_artifact_yields_none(s3: Any, objects: Objects) -> None:
    """A manifest may be there first."""
    put(s3, "models/churn/deployment.yaml")

    assert objects.newest_below(BUCKET, "models/churn") is None


def test_uri_is_parsed() -> None:
    """Bucket and key are what lies before and behind the first slash."""
    assert parse_uri("s3://bucket/a/b c.tar.gz") == ("bucket", "a/b c.tar.gz")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ({}, False),
        ({"StorageClass": "STANDARD_IA"}, False),
        ({"StorageClass": "GLACIER_IR"}, False),
        ({"StorageClass": "GLACIER"}, True),
        ({"StorageClass": "DEEP_ARCHIVE", "Restore": 'ongoing-request="true"'}, True),
        ({"StorageClass": "DEEP_ARCHIVE", "Restore": 'ongoing-request="false", expiry-date="…"'}, False),
        ({"StorageClass": "INTELLIGENT_TIERING", "ArchiveStatus": "ARCHIVE_ACCESS"}, True),
    ],
)
def test_archived_objects_are_known(head: Document, expected: bool) -> None:  # noqa: FBT001
    """An object that cannot be read before it is restored is marked."""
    client = boto3.client("s3")
    with Stubber(client) as stub:
        stub.add_response("head_object", {"ETag": '"e"', "ContentLength": 1, **head})

        found = Objects(client).find(BUCKET, "key")

    assert found is not None
    assert found.is_archived is expected


@pytest.mark.parametrize(
    ("version_id", "etag", "version"),
    [("v1", "e", "v1"), ("null", "e", '"e"'), ("", '"e"', '"e"'), (None, "e", '"e"')],
)
def test_version_is_the_id_or_the_quoted_etag(version_id: str | None, etag: str, version: str) -> None:
    """An event has ETags without quotes, HeadObject with them."""
    assert version_of(version_id, etag) == version
