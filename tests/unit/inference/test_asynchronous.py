"""The adapter of the runtime invokes asynchronous endpoints with a body in S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import (
    ReadTimeoutError,
)

from deployer import errors
from deployer.aws.inference import Inference, Locations
from deployer.request.smoke_test import SmokeTest
from tests.unit.inference.invocations import NOT_FOUND

if TYPE_CHECKING:
    from botocore.stub import Stubber


def asynchronously(client: Any, **test: Any) -> Locations:
    """Invoke an asynchronous endpoint."""
    return Inference(client).invoke_asynchronously("churn", SmokeTest.model_validate(test))


def test_asynchronous_endpoint_reads_the_body_in_s3(client: Any, stub: Stubber) -> None:
    uri = "s3://b/body.csv"
    asked = {
        "EndpointName": "churn",
        "ContentType": "application/json",
        "InputLocation": uri,
        "CustomAttributes": "x=1",
    }
    stub.add_response("invoke_endpoint_async", {"OutputLocation": "s3://b/o", "FailureLocation": "s3://b/f"}, asked)

    assert asynchronously(client, BodyS3Uri=uri, CustomAttributes="x=1") == Locations("s3://b/o", "s3://b/f")


def test_asynchronous_endpoint_takes_a_short_body_along(client: Any, stub: Stubber) -> None:
    asked = {"EndpointName": "churn", "ContentType": "application/json", "Body": b"1"}
    stub.add_response("invoke_endpoint_async", {"OutputLocation": "s3://b/o"}, asked)

    assert asynchronously(client, Body="1") == Locations("s3://b/o")


def test_asynchronous_endpoint_that_is_not_visible_is_asked_again(client: Any, stub: Stubber) -> None:
    stub.add_client_error("invoke_endpoint_async", "ValidationError", NOT_FOUND)

    with pytest.raises(errors.EndpointNotVisibleError, match=r"^InvokeEndpointAsync: "):
        asynchronously(client, Body="1")


def test_lost_asynchronous_call_passes(client: Any) -> None:
    def lose(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="https://runtime")

    client.meta.events.register("before-send.sagemaker-runtime.InvokeEndpointAsync", lose)

    with pytest.raises(errors.SageMakerUnavailableError, match=r"^InvokeEndpointAsync: "):
        asynchronously(client, Body="1")
