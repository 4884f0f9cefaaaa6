"""What S3 refuses, or loses, is raised as an error of the deployer."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, IncompleteReadError
from botocore.stub import Stubber

from deployer import errors
from deployer.aws.s3 import Objects
from tests.unit.s3_objects.bucket import BUCKET, put


def test_name_that_no_bucket_can_have_is_a_mistake_of_the_request(objects: Objects) -> None:
    """Botocore refuses it before it asks S3; no retry helps."""
    with pytest.raises(errors.InvalidRequestError, match=r"^s3://No bucket!/k: "):
        objects.find("No bucket!", "k")


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
    """Errors that are known to pass are transient; all others are permanent."""
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


def test_body_that_breaks_off_is_transient(s3: Any, objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer whose body is lost on its way is read again."""

    def lose(_self: object, **_: object) -> bytes:
        raise IncompleteReadError(actual_bytes=1, expected_bytes=2)

    put(s3, "key")
    monkeypatch.setattr("botocore.response.StreamingBody.read", lose)

    with pytest.raises(errors.StorageUnavailableError):
        objects.read(BUCKET, "key")
