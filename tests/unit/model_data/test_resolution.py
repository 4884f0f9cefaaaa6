"""Which version of its model data a container gets, what of it is copied, and which data are rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from deployer import errors
from deployer.aws.s3 import Objects
from deployer.json_document import Document
from deployer.planning.keys import artifact_key
from deployer.planning.model_data import resolve_data
from deployer.planning.names import digest
from deployer.planning.revision_store import Copy, StoredData
from deployer.request.containers import containers, sources
from tests.unit.model_data.resolution import BUCKET, ELSEWHERE, IMAGE, UPLOAD, folder, put, resolve

if TYPE_CHECKING:
    from deployer.aws.s3_objects import Artifact


CONTAINER = "Models.m.PrimaryContainer"


def test_uploaded_artifact_is_filled_in_and_copied(s3: Any, artifact: Artifact) -> None:
    """The model names the copy, which lies below the digest of URI and version."""
    resolved = resolve(s3, {"Image": IMAGE}, artifact=artifact)

    target = f"revisions/churn/artifacts/{digest({'Uri': artifact.uri, 'Version': artifact.version})}/model.tar.gz"
    assert resolved.models == {"m": {"PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/{target}"}}}
    assert resolved.copies == [Copy(bucket=BUCKET, key=UPLOAD, version=artifact.version, size=5, target=target)]
    assert resolved.data == [
        StoredData(
            path=f"{CONTAINER}.ModelDataUrl",
            uri=f"s3://{BUCKET}/{target}",
            version=artifact.version,
            size=5,
            copied_from=artifact.uri,
        )
    ]


def test_version_of_the_upload_is_copied_though_a_newer_one_is_there(s3: Any, artifact: Artifact) -> None:
    """The version that started the execution is deployed, also where the request names its URI."""
    put(s3, artifact.uri, b"newer bytes")

    resolved = resolve(s3, {"Image": IMAGE}, {"Image": IMAGE, "ModelDataUrl": artifact.uri}, artifact=artifact)

    assert {data.version for data in resolved.data} == {artifact.version}
    assert len(resolved.copies) == 1


def test_models_are_not_changed_in_place(s3: Any, artifact: Artifact) -> None:
    """The caller's documents are not modified."""
    container: Document = {"Image": IMAGE}

    resolve(s3, container, artifact=artifact)

    assert container == {"Image": IMAGE}


@pytest.mark.parametrize(
    ("copy_artifacts", "copied"), [("none", []), ("uploads", [UPLOAD]), ("all", [UPLOAD, "m.tar.gz", "llm/"])]
)
def test_parameter_decides_which_data_are_copied(
    s3: Any, artifact: Artifact, copy_artifacts: str, copied: list[str]
) -> None:
    """`uploads` copies the uploaded artifact alone, `all` also objects and folders that the request names elsewhere."""
    version = put(s3, f"s3://{ELSEWHERE}/m.tar.gz")
    put(s3, f"s3://{ELSEWHERE}/llm/1.bin", b"one")
    put(s3, f"s3://{ELSEWHERE}/llm/2.bin", b"two")
    parts = [{"Image": IMAGE}, {"ModelDataUrl": f"s3://{ELSEWHERE}/m.tar.gz"}, folder(f"s3://{ELSEWHERE}/llm/")]

    resolved = resolve(s3, *parts, artifact=artifact, copy_artifacts=copy_artifacts)

    listing = Objects(s3).listing(ELSEWHERE, "llm/")
    assert [each.key for each in resolved.copies] == copied
    assert [each.version for each in resolved.data] == [artifact.version, version, listing.digest]
    assert [each.size for each in resolved.data] == [5, 1, 6]
    assert [each.uri for each in resolved.data] == [
        source.uri
        for path, container in containers(resolved.models["m"], "Models.m")
        for source in sources(container, path)
    ]
    assert [bool(each.copied_from) for each in resolved.data] == [bool(each) for each in copied] + [False] * (
        3 - len(copied)
    )


def test_copies_keep_the_names_of_their_files(s3: Any) -> None:
    """SageMaker names a file that is no archive by the last part of its key."""
    uri = f"s3://{ELSEWHERE}/some/weights.safetensors"
    version = put(s3, uri)
    data = {"S3Uri": uri, "S3DataType": "S3Object", "CompressionType": "None"}

    resolved = resolve(s3, {"ModelDataSource": {"S3DataSource": data}}, copy_artifacts="all")

    assert resolved.copies[0].target == artifact_key("churn", uri, version, "weights.safetensors")


def test_artifact_that_the_request_names_itself_is_copied_too(s3: Any, artifact: Artifact) -> None:
    """Its key may be overwritten like any upload's."""
    resolved = resolve(s3, {"Image": IMAGE, "ModelDataUrl": artifact.uri})

    assert [each.key for each in resolved.copies] == [UPLOAD]


def test_stored_copy_is_not_copied_again(s3: Any) -> None:
    """A copy of the same endpoint is used as it is; that of another endpoint may be swept, so it is copied."""
    own = f"s3://{BUCKET}/{artifact_key('churn', 'u', 'v')}"
    other = f"s3://{BUCKET}/{artifact_key('churn-2', 'u', 'v')}"
    for uri in (own, other):
        put(s3, uri)

    resolved = resolve(s3, {"ModelDataUrl": own}, {"ModelDataUrl": other}, copy_artifacts="all")

    assert [data.copied_from for data in resolved.data] == [own, other]
    assert resolved.data[0].uri == own


def test_folder_of_multi_model_container_only_has_to_exist(s3: Any) -> None:
    """Its models come and go, so it is never copied and has no version."""
    uri = f"s3://{ELSEWHERE}/models"
    put(s3, f"{uri}/a.tar.gz")

    resolved = resolve(s3, {"Mode": "MultiModel", "ModelDataUrl": uri}, copy_artifacts="all")

    assert resolved.data == [StoredData(path=f"{CONTAINER}.ModelDataUrl", uri=uri, version="")]
    assert resolved.copies == []


def test_multi_model_container_never_gets_the_artifact(s3: Any, artifact: Artifact) -> None:
    """An archive is not a folder of models."""
    with pytest.raises(errors.InvalidRequestError, match=rf"^{CONTAINER}.ModelDataUrl: is missing; a MultiModel"):
        resolve(s3, {"Mode": "MultiModel", "Image": IMAGE}, artifact=artifact)


@pytest.mark.parametrize(
    "access", [{"ModelAccessConfig": {"AcceptEula": True}}, {"HubAccessConfig": {"HubContentArn": "a"}}]
)
def test_brokered_data_are_not_looked_up(s3: Any, access: Document) -> None:
    """SageMaker itself gets access to them, and the deployer has none."""
    container = folder("s3://jumpstart-private-cache-prod-us-east-1/llm/v1/", **access)

    resolved = resolve(s3, container, copy_artifacts="all")

    assert (resolved.data, resolved.copies) == ([], [])
    assert resolved.models["m"]["PrimaryContainer"] == container


def test_data_that_are_bound_to_their_etag_stay_where_they_are(s3: Any) -> None:
    """A copy has another ETag, and a manifest names places."""
    put(s3, f"s3://{ELSEWHERE}/llm/1.bin")
    manifest = put(s3, f"s3://{ELSEWHERE}/llm.csv")
    container = folder(f"s3://{ELSEWHERE}/llm/", ManifestS3Uri=f"s3://{ELSEWHERE}/llm.csv")

    resolved = resolve(s3, container, copy_artifacts="all")

    assert resolved.copies == []
    assert [data.uri for data in resolved.data] == [f"s3://{ELSEWHERE}/llm/", f"s3://{ELSEWHERE}/llm.csv"]
    assert resolved.data[1].version == manifest


def test_additional_data_are_resolved(s3: Any) -> None:
    """They are named and copied like a container's own."""
    put(s3, f"s3://{ELSEWHERE}/draft/1.bin")
    additional = {"ChannelName": "draft", **folder(f"s3://{ELSEWHERE}/draft/")["ModelDataSource"]}
    container = {"ModelPackageName": "p", "AdditionalModelDataSources": [additional]}

    resolved = resolve(s3, container, copy_artifacts="all")

    assert resolved.data[0].path == f"{CONTAINER}.AdditionalModelDataSources[0].S3DataSource.S3Uri"
    assert resolved.data[0].copied_from == f"s3://{ELSEWHERE}/draft/"


def test_container_without_data_gets_none(s3: Any, artifact: Artifact) -> None:
    """An empty ModelDataUrl says so."""
    resolved = resolve(s3, {"Image": IMAGE}, {"Image": IMAGE, "ModelDataUrl": None}, artifact=artifact)

    assert [data.path for data in resolved.data] == ["Models.m.Containers[0].ModelDataUrl"]


def test_all_problems_name_their_fields(s3: Any) -> None:
    """Missing and archived objects, empty folders, and a URI without a key."""
    s3.put_object(Bucket=ELSEWHERE, Key="cold.tar.gz", Body=b"x", StorageClass="GLACIER")

    with pytest.raises(errors.InvalidRequestError) as rejected:
        resolve(
            s3,
            {"ModelDataUrl": f"s3://{ELSEWHERE}/gone.tar.gz"},
            folder(f"s3://{ELSEWHERE}/nothing/"),
            {"Mode": "MultiModel", "ModelDataUrl": f"s3://{ELSEWHERE}/none"},
            {"ModelDataUrl": f"s3://{ELSEWHERE}/cold.tar.gz"},
            {"ModelDataUrl": f"s3://{ELSEWHERE}"},
        )

    path = "Models.m.Containers"
    assert str(rejected.value).splitlines() == [
        f"{path}[0].ModelDataUrl: s3://{ELSEWHERE}/gone.tar.gz is not there",
        f"{path}[1].ModelDataSource.S3DataSource.S3Uri: s3://{ELSEWHERE}/nothing/ is not there",
        f"{path}[2].ModelDataUrl: s3://{ELSEWHERE}/none is not there",
        f"{path}[3].ModelDataUrl: s3://{ELSEWHERE}/cold.tar.gz is in an archive; restore it first",
        f"{path}[4].ModelDataUrl: s3://{ELSEWHERE} is not there",
    ]


class DeniedObjects(Objects):
    """S3 that denies everything."""

    def find(self, bucket: str, key: str) -> Artifact | None:
        """Deny the object."""
        raise errors.AccessDeniedError(f"s3://{bucket}/{key}: Forbidden")


def test_denied_data_name_their_fields() -> None:
    """They are reported with the other problems, before anything is created."""
    models = {"m": {"PrimaryContainer": {"ModelDataUrl": "s3://secret/m.tar.gz"}}}

    with pytest.raises(
        errors.InvalidRequestError, match=rf"^{CONTAINER}.ModelDataUrl: s3://secret/m.tar.gz: Forbidden$"
    ):
        resolve_data(
            models,
            endpoint_name="churn",
            bucket=BUCKET,
            artifact=None,
            objects=DeniedObjects(boto3.client("s3")),
            copy_artifacts="all",
        )
