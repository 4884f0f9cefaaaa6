"""A copy has the checksum of its source, where S3 keeps one of the whole content of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from deployer import errors
from deployer.aws.s3_copy import COPY_CONFIG, Copier
from deployer.aws.s3_objects import Artifact, checksums
from deployer.json_document import Document
from tests.unit.s3_copy.objects import BUCKET, KEY, NEVER, SOURCE, TARGET, in_parts, whole

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = 10
OBJECT = Artifact(SOURCE, KEY, "v1", SIZE)
OWN = {"ChecksumType": "FULL_OBJECT", "ChecksumCRC64NVME": "AAAAAAAAAAA="}
OTHER = {"ChecksumType": "FULL_OBJECT", "ChecksumCRC64NVME": "BBBBBBBBBBB="}
OTHER_ALGORITHM = {"ChecksumType": "FULL_OBJECT", "ChecksumSHA256": "C="}
OF_PARTS = {"ChecksumType": "COMPOSITE", "ChecksumSHA256": "D=-2"}


def copy(copier: Callable[[Any], Copier], of_source: Document, of_copy: Document) -> list[Artifact]:
    """Copy an object of which S3 answers a checksum, and another one of the copy."""
    client: Any = boto3.client("s3", config=COPY_CONFIG)
    with Stubber(client) as stub:
        stub.add_client_error("head_object", "404", http_status_code=404)
        stub.add_response("head_object", {"ContentLength": SIZE, **of_source})
        if copier is whole:
            stub.add_response("copy_object", {"CopyObjectResult": of_copy})
        else:
            stub.add_response("list_multipart_uploads", {})
            stub.add_response("create_multipart_upload", {"UploadId": "u"})
            stub.add_response("list_parts", {"Parts": [{"PartNumber": 1, "Size": SIZE, "ETag": "p"}]})
            stub.add_response("complete_multipart_upload", of_copy)
        return copier(client).copy_all([(OBJECT, TARGET)], NEVER)


@pytest.mark.parametrize("copier", [whole, in_parts])
def test_copy_with_another_checksum_is_refused(copier: Callable[[Any], Copier]) -> None:
    with pytest.raises(errors.InvalidRequestError, match=r"has the ChecksumCRC64NVME B+=, and the A+= of s3://data/"):
        copy(copier, OWN, OTHER)


@pytest.mark.parametrize("copier", [whole, in_parts])
@pytest.mark.parametrize(
    ("of_source", "of_copy"),
    [
        pytest.param(OWN, OWN, id="equal"),
        pytest.param(OWN, OTHER_ALGORITHM, id="another algorithm"),
        pytest.param(OF_PARTS, OTHER_ALGORITHM, id="one of parts"),
        pytest.param({}, OTHER, id="none of the source"),
        pytest.param(OWN, {}, id="none of the copy"),
    ],
)
def test_copy_counts_by_its_size_where_checksums_cannot_be_compared(
    copier: Callable[[Any], Copier], of_source: Document, of_copy: Document
) -> None:
    assert copy(copier, of_source, of_copy) == [OBJECT]


def test_foreign_object_of_the_same_size_at_the_target_is_refused() -> None:
    """Its size alone does not distinguish it from a copy that is there already."""
    client: Any = boto3.client("s3", config=COPY_CONFIG)
    with Stubber(client) as stub:
        asked = {"Bucket": BUCKET, "Key": TARGET, "ChecksumMode": "ENABLED"}
        stub.add_response("head_object", {"ContentLength": SIZE, **OTHER}, asked)
        stub.add_response("head_object", {"ContentLength": SIZE, **OWN})

        with pytest.raises(errors.InvalidRequestError, match="somebody else wrote it, so delete it"):
            whole(client).copy_all([(OBJECT, TARGET)], NEVER)


@pytest.mark.parametrize("code", ["400", "403", "404"], ids=["key disabled", "denied", "gone"])
def test_copy_stays_good_when_its_source_cannot_be_looked_up_any_more(code: str) -> None:
    client: Any = boto3.client("s3", config=COPY_CONFIG)
    with Stubber(client) as stub:
        stub.add_response("head_object", {"ContentLength": SIZE, **OWN})
        stub.add_client_error("head_object", code, http_status_code=int(code))

        assert whole(client).copy_all([(OBJECT, TARGET)], NEVER) == []


def test_checksum_of_parts_is_none_of_the_object() -> None:
    """The same bytes in other parts have another one (S3 User Guide, "Checking object integrity")."""
    assert [checksums(each) for each in (OF_PARTS, {"ChecksumSHA256": "E="}, OWN)] == [
        {},
        {},
        {"ChecksumCRC64NVME": "AAAAAAAAAAA="},
    ]
