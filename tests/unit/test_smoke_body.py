"""The body of a smoke test that lies in S3: what becomes of the run when it cannot be had any more."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

import smoke_test_endpoint
from deployer.aws.s3 import Artifacts
from deployer.errors import SmokeTestFailedError
from deployer.request.smoke_test import BODY_BYTES
from local.virtual_time.functions import Context

PLAN = {
    "Action": "Create",
    "Execution": "arn:aws:states:us-east-1:111122223333:execution:deploy:run-1",
    "RequestId": "run-1",
    "EndpointName": "churn",
    "RequestedAt": "2026-11-24T12:00:00Z",
    "StartedAt": "2026-11-24T12:00:00Z",
    "Deadline": "2026-11-24T14:00:00Z",
    "PollSeconds": 30,
    "SmokeTest": {"BodyS3Uri": "s3://artifacts/body.json"},
}


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What S3 answers to the step."""
    monkeypatch.setenv("STACK_NAME", "test")
    client = boto3.client("s3")
    monkeypatch.setattr(smoke_test_endpoint, "artifacts", lambda: Artifacts(client))
    with Stubber(client) as stub:
        yield stub


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [
        pytest.param("NoSuchKey", 404, "is not there any more", id="gone, to whom may list the bucket"),
        pytest.param("AccessDenied", 403, "is gone or may not be read", id="gone, to whom may not"),
    ],
)
def test_a_body_that_is_gone_fails_the_smoke_test(s3: Stubber, code: str, status: int, told: str) -> None:
    """The plan has seen the body, so the endpoint is taken back as if it had answered wrongly."""
    s3.add_client_error("get_object", code, "Why.", http_status_code=status)

    with pytest.raises(SmokeTestFailedError, match=f"^s3://artifacts/body.json, the body to send, {told}$"):
        smoke_test_endpoint.handler({"Plan": PLAN}, Context("smoke_test_endpoint", "1"))


def test_a_body_that_has_grown_fails_the_smoke_test(s3: Stubber) -> None:
    """What an endpoint would refuse is not sent."""
    s3.add_response("get_object", {"ContentLength": BODY_BYTES + 1})

    with pytest.raises(SmokeTestFailedError, match=f"has {BODY_BYTES + 1} bytes"):
        smoke_test_endpoint.handler({"Plan": PLAN}, Context("smoke_test_endpoint", "1"))
