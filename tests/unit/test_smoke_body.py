"""The body of a smoke test that is in S3, when the step reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.stub import Stubber

import smoke_test_endpoint
from deployer import runtime
from deployer.errors import SmokeTestFailedError
from deployer.request.smoke_test import BODY_BYTES
from tests.unit.lambda_context import lambda_context
from tests.unit.planning_samples import event_of, plan

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENT = event_of(plan(SmokeTest={"BodyS3Uri": "s3://artifacts/body.json"}))


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """The answer of S3 to the step."""
    monkeypatch.setenv("STACK_NAME", "test")
    client = boto3.client("s3")
    monkeypatch.setattr(runtime, "client", {"s3": client}.__getitem__)
    with Stubber(client) as stub:
        yield stub


@pytest.mark.parametrize(
    ("code", "status", "message"),
    [
        pytest.param("NoSuchKey", 404, "is not there any more", id="gone, to whom may list the bucket"),
        pytest.param("AccessDenied", 403, "is gone or may not be read", id="gone, to whom may not"),
    ],
)
def test_deleted_body_fails_the_smoke_test(s3: Stubber, code: str, status: int, message: str) -> None:
    """It was there when the deployment was planned; by now there is an endpoint to restore."""
    s3.add_client_error("get_object", code, "Why.", http_status_code=status)

    with pytest.raises(SmokeTestFailedError, match=f"^s3://artifacts/body.json, the body to send, {message}$"):
        smoke_test_endpoint.handler(EVENT, lambda_context("smoke_test_endpoint"))


def test_body_that_has_grown_fails_the_smoke_test(s3: Stubber) -> None:
    s3.add_response("get_object", {"ContentLength": BODY_BYTES + 1})

    with pytest.raises(SmokeTestFailedError, match=f"has {BODY_BYTES + 1} bytes"):
        smoke_test_endpoint.handler(EVENT, lambda_context("smoke_test_endpoint"))
