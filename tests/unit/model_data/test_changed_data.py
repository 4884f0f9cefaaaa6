"""Stored model data that were changed, deleted or locked since are problems that name their fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from hypothesis import given
from hypothesis import strategies as st

from deployer import errors
from deployer.aws.s3 import Objects
from deployer.aws.s3_objects import Artifact, parse_uri
from deployer.json_document import Document
from deployer.planning.keys import artifact_key
from deployer.planning.model_data import data_problems, objects_to_copy
from deployer.planning.revision_store import StoredData
from deployer.request.containers import containers, has_data, lacks_data, sources
from deployer.request.service_model import sagemaker
from tests.unit.model_data.resolution import BUCKET, ELSEWHERE, folder, put, resolve
from tests.unit.service_values import every_member

if TYPE_CHECKING:
    from collections.abc import Iterator


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


def test_missing_copy_names_its_source(s3: Any) -> None:
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
    """The walk covers every field of SageMaker's API that holds model data."""
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
