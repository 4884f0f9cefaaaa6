"""Listings of AWS end, however many pages there are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from deployer.aws import logs, s3_copy, s3_objects
from deployer.aws.sagemaker import SageMaker
from deployer.errors import SageMakerRejectedError
from deployer.json_document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

SINCE = datetime(2026, 11, 24, 12, tzinfo=UTC)
GROUP = "/aws/sagemaker/Endpoints/churn"
PAGES = 3


@pytest.fixture
def stubs() -> Iterator[dict[str, Stubber]]:
    """The answers of AWS, by service."""
    make: Any = boto3.client
    made = {service: Stubber(make(service)) for service in ("logs", "s3")}
    for stub in made.values():
        stub.activate()
    yield made
    for stub in made.values():
        stub.assert_no_pending_responses()


def test_streams_of_a_log_are_looked_through_page_by_page(
    stubs: dict[str, Stubber], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries after the last page that is read are not found."""
    monkeypatch.setattr(logs, "_MOST_PAGES", PAGES)
    asked: Document = {"logGroupName": GROUP, "orderBy": "LastEventTime", "descending": True}
    for number in range(PAGES):
        marker = {"nextToken": str(number)} if number else {}
        stubs["logs"].add_response("describe_log_streams", {"nextToken": str(number + 1)}, {**asked, **marker})

    assert logs.ContainerLogs(stubs["logs"].client).last_lines("churn", SINCE, 20) is None


def test_copied_parts_are_listed_page_by_page(stubs: dict[str, Stubber]) -> None:
    """A part of another size is copied again."""
    upload = {"Bucket": "b", "Key": "k", "UploadId": "u"}
    first: Document = {"Parts": [{"PartNumber": 1, "Size": 5, "ETag": "a"}, {"PartNumber": 2, "Size": 4, "ETag": "b"}]}
    more: Document = {"IsTruncated": True, "NextPartNumberMarker": 2}
    stubs["s3"].add_response("list_parts", {**first, **more}, upload)
    last = {"Parts": [{"PartNumber": 3, "Size": 1, "ETag": "c"}, {"PartNumber": 4, "Size": 9, "ETag": "d"}]}
    stubs["s3"].add_response("list_parts", last, {**upload, "PartNumberMarker": 2})
    copier: Any = s3_copy.Copier(stubs["s3"].client, "b")

    assert copier._copied_parts(upload, s3_objects.split(11, 5)) == {1: "a", 3: "c"}


def test_request_that_botocore_refuses_is_rejected() -> None:
    """It is not sent, and no repetition helps."""
    service = SageMaker(boto3.client("sagemaker"), execution="e", stack="s")

    with pytest.raises(SageMakerRejectedError, match=r"^CreateEndpoint: Parameter validation failed"):
        service.create_endpoint({"EndpointName": 1})
