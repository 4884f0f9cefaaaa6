"""Model data: versions, copies, and the URLs that models are created with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from deployer import errors
from deployer.aws.s3 import Objects
from deployer.aws.s3_objects import Artifact, parse_uri
from deployer.json_document import Document
from deployer.planning.keys import artifact_key
from deployer.planning.model_data import ResolvedData, data_problems, objects_to_copy, resolve_data
from deployer.planning.names import digest
from deployer.planning.revision_store import Copy, StoredData
from deployer.request.containers import containers, has_data, lacks_data, sources
from deployer.request.service_model import sagemaker
from tests.unit.service_values import every_member

if TYPE_CHECKING:
    from collections.abc import Iterator


BUCKET, ELSEWHERE = "artifacts", "elsewhere"
UPLOAD = "models/churn/model.tar.gz"
IMAGE = "registry/image:1"
CONTAINER = "Models.m.PrimaryContainer"


@pytest.fixture
def s3() -> Iterator[Any]:
    """A client of the artifact bucket and another one, both versioned."""
    with mock_aws():
        client = boto3.client("s3")
        for bucket in (BUCKET, ELSEWHERE):
            client.create_bucket(Bucket=bucket)
            client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        yield client


def put(s3: Any, uri: str, body: bytes = b"x") -> str:
    """Upload an object and return its version."""
    bucket, key = parse_uri(uri)
    version: str = s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]
    return version


@pytest.fixture
def artifact(s3: Any) -> Artifact:
    """The uploaded artifact."""
    return Artifact(BUCKET, UPLOAD, put(s3, f"s3://{BUCKET}/{UPLOAD}", b"bytes"), 5)


def resolve(
    s3: Any, *model_containers: Document, artifact: Artifact | None = None, copy_artifacts: str = "uploads"
) -> ResolvedData:
    """Resolve the data of one model, of one container or of several."""
    is_one = len(model_containers) == 1
    model = {"PrimaryContainer": model_containers[0]} if is_one else {"Containers": list(model_containers)}
    return resolve_data(
        {"m": model},
        endpoint_name="churn",
        bucket=BUCKET,
        artifact=artifact,
        objects=Objects(s3),
        copy_artifacts=copy_artifacts,
    )


def folder(uri: str, **fields: Any) -> Document:
    """Return a container whose data is a folder."""
    data = {"S3Uri": uri, "S3DataType": "S3Prefix", "CompressionType": "None", **fields}
    return {"Image": IMAGE, "ModelDataSource": {"S3DataSource": data}}


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
def test_parameter_decides_what_is_copied(s3: Any, artifact: Artifact, copy_artifacts: str, copied: list[str]) -> None:
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
    """An archive is no folder of models."""
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


def test_container_that_wants_no_data_gets_none(s3: Any, artifact: Artifact) -> None:
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
    """With the other problems, and before anything is created."""
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


def stored_version(s3: Any, uri: str) -> StoredData:
    """Return what a revision would keep of an object."""
    found = Objects(s3).find(*parse_uri(uri))
    assert found is not None
    return StoredData(path="P", uri=uri, version=found.version, size=found.size)


def test_unchanged_data_have_no_problems(s3: Any, artifact: Artifact) -> None:
    """Copies, objects, folders and folders of multi-model containers as they were."""
    copied_uri = f"s3://{BUCKET}/{artifact_key('churn', artifact.uri, artifact.version)}"
    put(s3, copied_uri, b"bytes")
    put(s3, f"s3://{ELSEWHERE}/llm/1.bin", b"one")
    put(s3, f"s3://{BUCKET}/{artifact_key('churn', 'u', 'v', '')}1.bin", b"one")
    listing = Objects(s3).listing(ELSEWHERE, "llm/")
    data = [
        StoredData(path="A", uri=copied_uri, version=artifact.version, size=5, copied_from=artifact.uri),
        stored_version(s3, artifact.uri),
        StoredData(path="B", uri=f"s3://{ELSEWHERE}/llm/", version=listing.digest, size=3),
        StoredData(path="C", uri=f"s3://{ELSEWHERE}/llm", version=""),
        StoredData(
            path="D", uri=f"s3://{BUCKET}/{artifact_key('churn', 'u', 'v', '')}", version="l", size=3, copied_from="u"
        ),
    ]
    s3.delete_object(Bucket=BUCKET, Key="models/nothing")

    assert list(data_problems(data, Objects(s3), BUCKET)) == []


def test_overwritten_object_is_a_problem_that_names_both_versions(s3: Any) -> None:
    """Only the version shows that the bytes are others."""
    uri = f"s3://{ELSEWHERE}/m.tar.gz"
    old = put(s3, uri, b"old")
    data = stored_version(s3, uri)
    new = put(s3, uri, b"new")

    assert [str(problem) for problem in data_problems([data], Objects(s3), BUCKET)] == [
        f"P: {uri} has been overwritten: it had the version {old}, and has {new} now"
    ]


@pytest.mark.parametrize("uri", [f"s3://{ELSEWHERE}/m.tar.gz", f"s3://{ELSEWHERE}/llm/"], ids=["object", "prefix"])
def test_data_that_may_not_be_read_any_more_are_a_problem(s3: Any, uri: str) -> None:
    """A rollback to them is rejected with what S3 says, and not tried."""
    data = StoredData(path="P", uri=uri, version="v", size=1)
    denied = {"Error": {"Code": "AccessDenied", "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    for operation in ("HeadObject", "ListObjectsV2"):
        s3.meta.events.register_first(
            f"before-call.s3.{operation}", lambda **_: (AWSResponse("", 403, HTTPHeaders(), None), denied)
        )

    [problem] = data_problems([data], Objects(s3), BUCKET)

    assert problem.path == "P"
    assert uri.removesuffix("/") in problem.message


def test_changed_folder_is_a_problem(s3: Any) -> None:
    """Any object that is added to it changes its listing."""
    uri = f"s3://{ELSEWHERE}/llm/"
    put(s3, f"{uri}1.bin")
    data = StoredData(path="P", uri=uri, version=Objects(s3).listing(ELSEWHERE, "llm/").digest, size=1)
    put(s3, f"{uri}2.bin")

    [problem] = data_problems([data], Objects(s3), BUCKET)

    assert f"it had the version {data.version}, and has" in problem.message


@pytest.mark.parametrize(
    ("uri", "version"),
    [
        (f"s3://{BUCKET}/{artifact_key('churn', 'u', 'v')}", "v"),
        (f"s3://{BUCKET}/{artifact_key('churn', 'u', 'v', '')}", "v"),
        (f"s3://{ELSEWHERE}/m.tar.gz", "v"),
        (f"s3://{ELSEWHERE}/llm/", "v"),
        (f"s3://{ELSEWHERE}/llm/", ""),
    ],
    ids=["copy", "copied folder", "object", "folder", "folder of a multi-model container"],
)
def test_missing_data_are_a_problem(s3: Any, uri: str, version: str) -> None:
    """The message names the place."""
    data = StoredData(path="P", uri=uri, version=version, size=1)

    assert [str(problem) for problem in data_problems([data], Objects(s3), BUCKET)] == [f"P: {uri} is gone"]


def test_missing_copy_names_what_it_was_copied_from(s3: Any) -> None:
    """A user knows the upload, and not the store."""
    uri = f"s3://{BUCKET}/{artifact_key('churn', 'u', 'v')}"
    data = StoredData(path="P", uri=uri, version="v", size=1, copied_from="s3://b/m.tar.gz")

    [problem] = data_problems([data], Objects(s3), BUCKET)

    assert problem.message == f"{uri} is gone, which was copied from s3://b/m.tar.gz"


def test_folder_is_copied_object_by_object(s3: Any) -> None:
    """The objects that the console makes of folders are left out, as SageMaker refuses them."""
    for key in ("llm/", "llm/config.json", "llm/weights/", "llm/weights/1.bin"):
        put(s3, f"s3://{ELSEWHERE}/{key}", b"" if key.endswith("/") else b"x")
    resolved = resolve(s3, folder(f"s3://{ELSEWHERE}/llm/"), copy_artifacts="all")

    [planned] = resolved.copies
    pairs = list(objects_to_copy(planned, Objects(s3)))

    assert [target for _, target in pairs] == [f"{planned.target}config.json", f"{planned.target}weights/1.bin"]
    assert sum(source.size for source, _ in pairs) == planned.size
    assert not any(source.has_version_id for source, _ in pairs)


def test_folder_that_changed_since_it_was_planned_is_not_copied(s3: Any) -> None:
    """Only the objects that the plan was made with are deployed."""
    put(s3, f"s3://{ELSEWHERE}/llm/1.bin")
    [planned] = resolve(s3, folder(f"s3://{ELSEWHERE}/llm/"), copy_artifacts="all").copies
    put(s3, f"s3://{ELSEWHERE}/llm/1.bin", b"other bytes")

    with pytest.raises(errors.ArtifactMissingError, match=f"^s3://{ELSEWHERE}/llm/: has changed since"):
        list(objects_to_copy(planned, Objects(s3)))


def test_every_s3_uri_of_a_container_is_walked() -> None:
    """Whatever field of SageMaker's API holds model data is known to the walk."""
    container = every_member(sagemaker().shape_for("ContainerDefinition"))
    model = {"PrimaryContainer": container, "Containers": [container]}

    paths = [source.path for path, each in containers(model, "M") for source in sources(each, path)]

    data_fields = {"ModelDataUrl", "S3Uri", "ManifestS3Uri"}
    assert paths == [path for path in texts(model, "M") if path.rpartition(".")[2] in data_fields]


def texts(value: Any, path: str) -> Iterator[str]:
    """Yield the paths of all texts in a document, in the order in which the API declares data."""
    if isinstance(value, dict):
        for name, entry in value.items():
            yield from texts(entry, f"{path}.{name}")
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from texts(entry, f"{path}[{index}]")
    else:
        yield path


@given(
    st.sets(st.sampled_from(["Image", "ModelDataUrl", "ModelDataSource", "ModelPackageName", "Environment"])),
    st.booleans(),
)
def test_container_waits_for_the_artifact_if_it_names_no_data(fields: set[str], is_multi: bool) -> None:  # noqa: FBT001
    """A package has its own data, and a multi-model container needs a folder."""
    container: Document = dict.fromkeys(fields) | ({"Mode": "MultiModel"} if is_multi else {})

    assert has_data(container) == bool(fields & {"ModelDataUrl", "ModelDataSource", "ModelPackageName"})
    assert lacks_data(container) == (not has_data(container) and not is_multi)
