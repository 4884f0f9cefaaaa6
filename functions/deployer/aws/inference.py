"""The only code that invokes endpoints."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from deployer import clock
from deployer.aws.classification import classify
from deployer.errors import (
    DeployerError,
    EndpointNotVisibleError,
    SageMakerRejectedError,
    SageMakerUnavailableError,
)
from deployer.json_document import Document
from deployer.request.expectations import Answer
from deployer.request.smoke_test import BODY_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from botocore.client import BaseClient

    from deployer.request.smoke_test import SmokeTest

_OK = 200
_TOO_MANY_REQUESTS = 429
_SERVER_FAULT = 500
_STREAM_SECONDS = 60.0
"""How long a stream is read; as long as an answer without streaming may take (API Reference, InvokeEndpoint)."""

_HEADERS = {
    "Accept": "accept",
    "CustomAttributes": "custom_attributes",
    "InferenceComponentName": "inference_component_name",
    "SessionId": "session_id",
    "TargetContainerHostname": "target_container_hostname",
    "TargetModel": "target_model",
    "TargetVariant": "target_variant",
}
"""Parameters of InvokeEndpoint that a smoke test may have, with their names in Python."""

# The code is ValidationError for all that the runtime refuses, so the message decides (aws/amazon-sagemaker-examples,
# issues 293, 1026, 1216; aws-samples/amazon-kendra-langchain-extensions, issue 64).
_NOT_VISIBLE = re.compile(r"(?:Endpoint|Variant)\b.* not found\b|Could not find (?:endpoint|variant)\b", re.IGNORECASE)
_NO_CAPACITY = re.compile(r"has no capacity to process this request")

_VALIDATION = frozenset({"ValidationError", "ValidationException"})
_MODEL_ERRORS = frozenset({"ModelError", "ModelStreamError"})


@dataclass(frozen=True, slots=True)
class Locations:
    """Where an asynchronous endpoint puts an answer, as URIs.

    Attributes:
        output: The answer of the model.
        failure: What is known of a failure; empty if the endpoint config has no S3FailurePath.
    """

    output: str
    failure: str = ""


class Inference:
    """The adapter of SageMaker Runtime.

    Every method raises:
        EndpointNotVisibleError: The runtime does not know the endpoint or its variant yet.
        SageMakerUnavailableError: The runtime failed, did not answer, or has no capacity now.
        SageMakerThrottledError: The runtime throttled.
        AccessDeniedError: A policy does not allow the call.
        SageMakerRejectedError: The runtime refuses the call for a permanent reason.

    Args:
        client: A boto3 client of `sagemaker-runtime` that makes one attempt a call.
    """

    def __init__(self, client: BaseClient) -> None:
        self._client: Any = client

    def invoke(self, endpoint_name: str, test: SmokeTest, body: bytes) -> Answer:
        """Invoke an endpoint as a smoke test asks; an error of the model's container is an answer, too."""
        operation = "InvokeEndpointWithResponseStream" if test.streaming else "InvokeEndpoint"
        began = clock.monotonic()
        try:
            if test.streaming:
                response = self._client.invoke_endpoint_with_response_stream(**_request(endpoint_name, test), Body=body)
                content = _joined(response["Body"], began + _STREAM_SECONDS)
            else:
                response = self._client.invoke_endpoint(**_request(endpoint_name, test), Body=body)
                content = response["Body"].read()
        except ClientError as error:
            failed = _answer_of(error, began)
            if failed is None:
                raise _refusal(operation, error) from error
            return failed
        except BotoCoreError as error:
            raise SageMakerUnavailableError(f"{operation}: {error}") from error
        if content is None:
            return Answer(0, b"the stream did not end in time, or is too long", _milliseconds_since(began))
        # The runtime passes on the container's own status if it is another success.
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", _OK)
        return Answer(status, content, _milliseconds_since(began))

    def invoke_asynchronously(self, endpoint_name: str, test: SmokeTest) -> Locations:
        """Send the body of a smoke test to an asynchronous endpoint; return where the answer will be."""
        body = {"InputLocation": test.body_s3_uri} if test.body_s3_uri else {"Body": (test.body or "").encode()}
        try:
            response = self._client.invoke_endpoint_async(**_request(endpoint_name, test), **body)
        except ClientError as error:
            raise _refusal("InvokeEndpointAsync", error) from error
        except BotoCoreError as error:
            raise SageMakerUnavailableError(f"InvokeEndpointAsync: {error}") from error
        return Locations(response.get("OutputLocation", ""), response.get("FailureLocation", ""))


def _request(endpoint_name: str, test: SmokeTest) -> Document:
    """Return the parameters of an invocation; all three operations take those that a smoke test can have."""
    said = {parameter: getattr(test, attribute) for parameter, attribute in _HEADERS.items()}
    given = {parameter: value for parameter, value in said.items() if value is not None}
    return {"EndpointName": endpoint_name, "ContentType": test.content_type, **given}


def _joined(events: Iterable[Document], deadline: float) -> bytes | None:
    """Join the parts of a stream; None if it goes on after the deadline, or is longer than any answer."""
    content = b""
    for event in events:
        content += event.get("PayloadPart", {}).get("Bytes", b"")
        if clock.monotonic() > deadline or len(content) > BODY_BYTES:
            return None
    return content


def _answer_of(error: ClientError, began: float) -> Answer | None:
    """Return the answer of a container that failed; None if the container did not cause the error."""
    response: Any = error.response
    if response["Error"].get("Code", "") not in _MODEL_ERRORS:
        return None
    body = str(response.get("OriginalMessage") or response["Error"].get("Message", "")).encode(errors="replace")
    return Answer(int(response.get("OriginalStatusCode") or 0), body, _milliseconds_since(began))


def _refusal(operation: str, error: ClientError) -> DeployerError:
    """Return the error for a refusal of the runtime."""
    response: Any = error.response
    code, message = response["Error"].get("Code", ""), response["Error"].get("Message", "")
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _VALIDATION:
        text = f"{operation}: {message}"
        if _NOT_VISIBLE.search(message):
            return EndpointNotVisibleError(text)
        return (SageMakerUnavailableError if _NO_CAPACITY.search(message) else SageMakerRejectedError)(text)
    # ModelNotReadyException has the status 429: a serverless endpoint or a multi-model container is still loading.
    is_passing = status >= _SERVER_FAULT or status == _TOO_MANY_REQUESTS or code == "InternalStreamFailure"
    kind = SageMakerUnavailableError if is_passing else classify(operation, code, message)
    return kind(f"{operation}: {code}: {message}")


def _milliseconds_since(began: float) -> float:
    return (clock.monotonic() - began) * 1000
