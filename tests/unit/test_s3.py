"""The adapter of S3: objects are found, read, listed, written once and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, IncompleteReadError
from botocore.stub import Stubber
from moto import mock_aws

from deployer import errors
from deployer.aws import s3 as s3_module
from deployer.aws.s3 import Objects
from deployer.aws.s3_objects import parse_uri, version_of
from deployer.json_document import Document

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
def objects(s3: Any) -> Objects:
    """The adapter of that bucket."""
    return Objects(s3)


def put(s3: Any, key: str, body: bytes = b"x") -> str:
    """Upload an object and return its version."""
    version: str = s3.put_object(Bucket=BUCKET, Key=key, Body=body)["VersionId"]
    return version


def test_name_that_no_bucket_can_have_is_a_mistake_of_the_request(objects: Objects) -> None:
    """Botocore refuses it before it asks S3; no retry helps."""
    with pytest.raises(errors.InvalidRequestError, match=r"^s3://No bucket!/k: "):
        objects.find("No bucket!", "k")


def test_listing_goes_on_over_all_pages(s3: Any, objects: Objects) -> None:
    """S3 answers a thousand objects at once."""
    for number in range(1001):
        put(s3, f"many/{number:04}")

    listed = [each.key for each in objects.list_objects(BUCKET, "many/")]

    assert listed == [f"many/{number:04}" for number in range(1001)]


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


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("SlowDown", 503, errors.StorageUnavailableError),
        ("InternalError", 500, errors.StorageUnavailableError),
        ("ServiceUnavailable", 503, errors.StorageUnavailableError),
        ("RequestTimeout", 400, errors.StorageUnavailableError),
        ("ThrottlingException", 400, errors.StorageUnavailableError),
        ("OperationAborted", 409, errors.StorageUnavailableError),
        ("ConditionalRequestConflict", 409, errors.StorageUnavailableError),
        ("502", 502, errors.StorageUnavailableError),
        ("Unheard", 599, errors.StorageUnavailableError),
        ("AccessDenied", 403, errors.AccessDeniedError),
        ("403", 403, errors.AccessDeniedError),
        ("InvalidBucketName", 400, errors.InvalidRequestError),
        ("AllAccessDisabled", 403, errors.InvalidRequestError),
        ("AccountProblem", 403, errors.InvalidRequestError),
        ("InvalidObjectState", 403, errors.InvalidRequestError),
        ("NotImplemented", 501, errors.InvalidRequestError),
        ("501", 501, errors.InvalidRequestError),
        ("KMS.DisabledException", 400, errors.InvalidRequestError),
        ("PermanentRedirect", 301, errors.InvalidRequestError),
        ("Unheard", 400, errors.InvalidRequestError),
    ],
)
def test_answers_of_s3_become_errors(code: str, status: int, expected: type[Exception]) -> None:
    """What is known to pass is transient; everything else is permanent."""
    client = boto3.client("s3")
    with Stubber(client) as stub:
        stub.add_client_error("get_object", code, "Why.", http_status_code=status)

        with pytest.raises(expected, match=r"^s3://artifacts/key: GetObject: .*Why\.") as raised:
            Objects(client).read(BUCKET, "key")

    assert type(raised.value) is expected


def test_lost_connection_is_transient() -> None:
    """S3 that cannot be reached is tried again."""
    client = boto3.client("s3", config=Config(retries={"total_max_attempts": 1}))

    def lose(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://s3")

    client.meta.events.register("before-send.s3.HeadObject", lose)

    with pytest.raises(errors.StorageUnavailableError):
        Objects(client).find(BUCKET, "key")


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


def test_body_that_breaks_off_is_transient(s3: Any, objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer whose body is lost on its way is read again."""

    def lose(_self: object, **_: object) -> bytes:
        raise IncompleteReadError(actual_bytes=1, expected_bytes=2)

    put(s3, "key")
    monkeypatch.setattr("botocore.response.StreamingBody.read", lose)

    with pytest.raises(errors.StorageUnavailableError):
        objects.read(BUCKET, "key")


FOLDER = {"llm/config.json": b"{}", "llm/weights/1.bin": b"one", "llm/weights/2.bin": b"two"}


@pytest.mark.parametrize(
    "changed",
    [
        {"llm/config.json": b"[]"},
        {"llm/weights/3.bin": b""},
        {"llm/weights/2.bin": None},
        {"llm/weights/2.bin": None, "llm/weights/3.bin": b"two"},
        {"llm/weights/1.bin": b"two", "llm/weights/2.bin": b"one"},
    ],
    ids=["overwritten", "added", "deleted", "renamed", "exchanged"],
)
def test_listing_digest_changes_with_any_object(s3: Any, objects: Objects, changed: dict[str, bytes | None]) -> None:
    """Key, ETag and size of each object are in the digest."""
    for key, body in FOLDER.items():
        put(s3, key, body)
    before = objects.listing(BUCKET, "llm/")
    for key, body_or_none in changed.items():
        if body_or_none is None:
            s3.delete_object(Bucket=BUCKET, Key=key)
        else:
            put(s3, key, body_or_none)

    assert objects.listing(BUCKET, "llm/").digest != before.digest


def test_listing_digest_is_that_of_the_content(s3: Any, objects: Objects) -> None:
    """The same objects uploaded again, or below another prefix, have the same digest; neighbours do not count."""
    for prefix in ("a/", "b/"):
        for key, body in FOLDER.items():
            put(s3, prefix + key, body)
    put(s3, "a/llm2/config.json")
    first = objects.listing(BUCKET, "a/llm/")
    put(s3, "a/llm/config.json", FOLDER["llm/config.json"])

    assert objects.listing(BUCKET, "a/llm/").digest == objects.listing(BUCKET, "b/llm/").digest == first.digest
    assert first.size == sum(map(len, FOLDER.values()))
    assert not objects.listing(BUCKET, "nothing/").objects
    assert not objects.listing("nobody-s-bucket", "a/").objects


def test_listing_of_many_objects_is_refused(s3: Any, objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the folder and the bound."""
    monkeypatch.setattr(s3_module, "LISTING_LIMIT", 2)
    for key in FOLDER:
        put(s3, key)

    with pytest.raises(errors.InvalidRequestError, match=r"^s3://artifacts/llm/: holds more than 2 objects;"):
        objects.listing(BUCKET, "llm/")


def test_object_is_written_once(s3: Any, objects: Objects) -> None:
    """The first write stays."""
    assert objects.put_if_absent(BUCKET, "key", b"first")
    assert not objects.put_if_absent(BUCKET, "key", b"second")

    assert objects.read(BUCKET, "key") == b"first"
    assert len(s3.list_object_versions(Bucket=BUCKET)["Versions"]) == 1


def test_write_beside_another_one_is_transient() -> None:
    """S3 answers 409 while another write of the key is under way; the step is repeated, and finds it there."""
    client = boto3.client("s3")
    with Stubber(client) as stub:
        stub.add_client_error("put_object", "ConditionalRequestConflict", "Why.", http_status_code=409)

        with pytest.raises(errors.StorageUnavailableError):
            Objects(client).put_if_absent(BUCKET, "key", b"")


def test_write_to_a_missing_bucket_is_an_error_of_ours(objects: Objects) -> None:
    """No error leaves the adapter that the state machine does not know."""
    with pytest.raises(errors.InvalidRequestError, match="there is no such bucket"):
        objects.put_if_absent("nobody-s-bucket", "key", b"")


def test_folders_are_listed_by_name(s3: Any, objects: Objects) -> None:
    """Only direct children, in order, from a name on."""
    for key in (
        "revisions/a/x/1",
        "revisions/a/x/2",
        "revisions/b/1",
        "revisions/b-c/1",
        "revisions/plain",
        "other/d/1",
    ):
        put(s3, key)

    assert list(objects.list_folders(BUCKET, "revisions/")) == ["a", "b-c", "b"]
    assert list(objects.list_folders(BUCKET, "revisions/", start_with="b")) == ["b"]
    assert list(objects.list_folders(BUCKET, "revisions/", start_with="b-c")) == ["b-c", "b"]
    assert list(objects.list_folders(BUCKET, "nothing/")) == []


def test_objects_are_listed_from_a_key_on(s3: Any, objects: Objects) -> None:
    """A listing that ended at its limit goes on behind its last key."""
    for number in range(5):
        put(s3, f"revisions/{number}", b"x" * number)
    put(s3, "other")

    first = list(objects.list_objects(BUCKET, "revisions/", limit=2))
    rest = list(objects.list_objects(BUCKET, "revisions/", start_after=first[-1].key))

    assert [(each.key, each.size) for each in first + rest] == [(f"revisions/{number}", number) for number in range(5)]
    assert all(each.last_modified.tzinfo for each in first)


def test_deleted_objects_leave_no_version(s3: Any, objects: Objects) -> None:
    """All versions and delete markers of the key go, and nothing of a longer key."""
    put(s3, "a/b", b"old")
    put(s3, "a/b", b"new")
    s3.delete_object(Bucket=BUCKET, Key="a/b")
    kept = put(s3, "a/b/c")

    objects.delete_permanently(BUCKET, "a/b")
    objects.delete_permanently(BUCKET, "a/b")

    left = s3.list_object_versions(Bucket=BUCKET)
    assert [version["VersionId"] for version in left["Versions"]] == [kept]
    assert not left.get("DeleteMarkers")
