"""The adapter of the runtime returns the answers of endpoints, and raises all other results."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from botocore.response import StreamingBody

from deployer import errors
from deployer.aws.inference import _HEADERS
from deployer.json_document import Document
from deployer.request.expectations import mismatches
from deployer.request.smoke_test import Expect, SmokeTest
from deployer.request.smoke_test_rules import NOT_FOR_ASYNCHRONOUS
from tests.unit.inference.invocations import NOT_FOUND, invoke

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.stub import Stubber


def answer(stub: Stubber, body: Any, asked: Document | None = None) -> None:
    """Let the next call be answered."""
    stub.add_response("invoke_endpoint", {"Body": body, "ContentType": "text/csv"}, asked)


def refuse(stub: Stubber, code: str, message: str = "", status: int = 400, **members: Any) -> None:
    """Let the next call be refused."""
    modeled = {"Message": message, **members} if code == "ModelError" else None
    stub.add_client_error("invoke_endpoint", code, message, http_status_code=status, modeled_fields=modeled)


def answer_of_status(stub: Stubber, status: int) -> None:
    """Let the next call be answered with a status of the container."""
    metadata = {"HTTPStatusCode": status}
    stub.add_response("invoke_endpoint", {"Body": body(b"made"), "ResponseMetadata": metadata})


def body(content: bytes) -> StreamingBody:
    """Build the body of an answer."""
    return StreamingBody(io.BytesIO(content), len(content))


def test_an_answer_is_the_endpoint_s_own(client: Any, stub: Stubber) -> None:
    """The status of a success, every byte of the body, and a time."""
    answer(stub, body(b"0.9\xff"), {"EndpointName": "churn", "ContentType": "text/csv", "Body": b"1,2"})

    found = invoke(client)

    assert (found.status_code, found.body) == (200, b"0.9\xff")
    assert found.latency_milliseconds >= 0


def test_further_fields_of_a_smoke_test_are_sent(client: Any, stub: Stubber) -> None:
    said = {
        "Accept": "text/csv",
        "CustomAttributes": "accept_eula=true",
        "InferenceComponentName": "c",
        "SessionId": "NEW_SESSION",
        "TargetContainerHostname": "h",
        "TargetModel": "m.tar.gz",
        "TargetVariant": "B",
    }
    test = SmokeTest.model_validate({"Body": "", **said})
    asked = {"EndpointName": "churn", "ContentType": "application/json", "Body": b""}
    answer(stub, body(b""), {**asked, **said})

    assert invoke(client, test).body == b""


@pytest.mark.parametrize(
    ("members", "status_code", "said"),
    [
        pytest.param(
            {"OriginalStatusCode": 422, "OriginalMessage": '{"error": "two columns"}'},
            422,
            b'{"error": "two columns"}',
            id="in the container's own words",
        ),
        pytest.param({"OriginalStatusCode": 500, "OriginalMessage": ""}, 500, b"Received server error", id="wordless"),
        pytest.param({}, 0, b"Received server error", id="without an answer of the container"),
        pytest.param({"OriginalStatusCode": 0}, 0, b"Received server error", id="timed out"),
        pytest.param({"OriginalStatusCode": 400, "OriginalMessage": "\ud800"}, 400, b"?", id="half of a character"),
    ],
)
def test_an_error_of_the_model_is_an_answer(
    client: Any, stub: Stubber, members: Document, status_code: int, said: bytes
) -> None:
    """A model that fails has been asked, and has answered; what it should have answered is the test's to say."""
    refuse(stub, "ModelError", "Received server error", 424, **members)

    found = invoke(client)

    assert (found.status_code, found.body) == (status_code, said)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_success_has_the_status_that_the_runtime_passes_on(client: Any, stub: Stubber, status: int) -> None:
    answer_of_status(stub, status)

    assert invoke(client).status_code == status


@pytest.mark.parametrize("status", [201, 204, 302, 404])
def test_expected_status_may_come_with_an_error_of_the_model(client: Any, stub: Stubber, status: int) -> None:
    """Any status of the container, another success too, may come as ModelError with its OriginalStatusCode."""
    refuse(stub, "ModelError", "Received response", 424, OriginalStatusCode=status)
    expected = Expect.model_validate({"StatusCode": status})

    assert list(mismatches(expected, invoke(client))) == []


Refusing: TypeAlias = "Callable[[str, str, int], Any]"


@pytest.fixture
def refusing(client: Any, stub: Stubber) -> Refusing:
    """Invoke the endpoint, and be refused with a code, a message and a status."""

    def invoke_and_be_refused(code: str, message: str, status: int) -> Any:
        refuse(stub, code, message, status)
        return invoke(client)

    return invoke_and_be_refused


@pytest.mark.parametrize(
    ("code", "message", "status", "raised"),
    [
        ("ValidationError", NOT_FOUND, 400, errors.EndpointNotVisibleError),
        ("ValidationException", NOT_FOUND, 400, errors.EndpointNotVisibleError),
        ("ValidationError", "Variant B was not found for endpoint churn", 400, errors.EndpointNotVisibleError),
        (
            "ValidationError",
            "Endpoint churn is not a multi-model endpoint and does not support target model header.",
            400,
            errors.SageMakerRejectedError,
        ),
        ("ValidationError", "Endpoint churn is missing a target model header", 400, errors.SageMakerRejectedError),
        ("ValidationError", "Inference Component Name header is required", 400, errors.SageMakerRejectedError),
        ("ValidationError", "Could not find model data", 400, errors.SageMakerRejectedError),
        (
            "ValidationError",
            "Inference Component has no capacity to process this request.",
            400,
            errors.SageMakerUnavailableError,
        ),
        ("AccessDeniedException", "no", 403, errors.AccessDeniedError),
        ("AccessDenied", "no", 403, errors.AccessDeniedError),
        ("ExpiredTokenException", "no", 403, errors.AccessDeniedError),
        ("UnknownOperationException", "no", 404, errors.SageMakerRejectedError),
        ("ThrottlingException", "Rate exceeded", 400, errors.SageMakerThrottledError),
        ("ModelNotReadyException", "loading", 429, errors.SageMakerUnavailableError),
        ("InternalFailure", "no", 500, errors.SageMakerUnavailableError),
        ("Unheard", "no", 500, errors.SageMakerUnavailableError),
        ("ServiceUnavailable", "no", 503, errors.SageMakerUnavailableError),
        ("InternalDependencyException", "no", 530, errors.SageMakerUnavailableError),
        ("", "no", 502, errors.SageMakerUnavailableError),
    ],
)
def test_refused_invocation_raises_an_error(
    refusing: Refusing, code: str, message: str, status: int, raised: type[Exception]
) -> None:
    """Only an endpoint or a variant that is not found may be there later; what else is refused stays refused."""
    with pytest.raises(raised, match=rf"^InvokeEndpoint: .*{re.escape(message)}$") as error:
        refusing(code, message, status)

    assert type(error.value) is raised


LOST = {
    "no answer": ReadTimeoutError(endpoint_url="https://runtime"),
    "no connection": ConnectTimeoutError(endpoint_url="https://runtime"),
    "no such host": EndpointConnectionError(endpoint_url="https://runtime"),
    "a closed connection": ConnectionClosedError(endpoint_url="https://runtime"),
    "no credentials": NoCredentialsError(),
}


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_a_lost_call_passes(client: Any, lost: Exception) -> None:
    """It may be made again: to ask a model changes nothing."""

    def lose(**_: Any) -> None:
        raise lost

    client.meta.events.register("before-send.sagemaker-runtime.InvokeEndpoint", lose)

    with pytest.raises(errors.SageMakerUnavailableError, match=r"^InvokeEndpoint: "):
        invoke(client)


class _Broken:
    """A body whose reading fails."""

    def __init__(self, failure: Exception) -> None:
        self._failure = failure

    def read(self) -> bytes:
        raise self._failure


BROKEN = {
    "late": ReadTimeoutError(endpoint_url="https://runtime"),
    "torn": ResponseStreamingError(error="connection broken"),
    "short": IncompleteReadError(actual_bytes=1, expected_bytes=2),
}


@pytest.mark.parametrize("failure", BROKEN.values(), ids=BROKEN)
def test_half_of_an_answer_is_none(client: Any, stub: Stubber, failure: Exception) -> None:
    """A body that does not arrive whole is asked for again."""
    answer(stub, _Broken(failure))

    with pytest.raises(errors.SageMakerUnavailableError, match=r"^InvokeEndpoint: "):
        invoke(client)


def test_fields_that_operations_lack_are_those_of_the_service_model(client: Any) -> None:
    """The fields of each operation that the rules allow are those of botocore's model."""
    model = client.meta.service_model
    members = {
        operation: set(model.operation_model(operation).input_shape.members)
        for operation in ("InvokeEndpoint", "InvokeEndpointWithResponseStream", "InvokeEndpointAsync")
    }

    assert set(_HEADERS) <= members["InvokeEndpoint"]
    assert set(_HEADERS) - members["InvokeEndpointWithResponseStream"] == {"TargetModel"}
    assert set(_HEADERS) - members["InvokeEndpointAsync"] == set(NOT_FOR_ASYNCHRONOUS) - {"Streaming"}
