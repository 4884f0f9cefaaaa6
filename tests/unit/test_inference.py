"""The adapter of the runtime: what an endpoint answers, and what is no answer."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
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
from botocore.stub import Stubber

from deployer import errors
from deployer.aws.inference import Inference
from deployer.request.smoke_test import SmokeTest

if TYPE_CHECKING:
    from collections.abc import Iterator

TEST = SmokeTest.model_validate({"ContentType": "text/csv", "Body": "1,2"})


@pytest.fixture
def client() -> Any:
    """A client of the runtime that reaches nothing."""
    config = Config(retries={"total_max_attempts": 1})
    return boto3.client("sagemaker-runtime", config=config)


@pytest.fixture
def stub(client: Any) -> Iterator[Stubber]:
    """What the runtime is going to answer; every answer has to be asked for."""
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def answer(stub: Stubber, body: Any, asked: dict[str, Any] | None = None) -> None:
    """Let the next call be answered."""
    stub.add_response("invoke_endpoint", {"Body": body, "ContentType": "text/csv"}, asked)


def refuse(stub: Stubber, code: str, message: str = "", status: int = 400, **members: Any) -> None:
    """Let the next call be refused."""
    modeled = {"Message": message, **members} if code == "ModelError" else None
    stub.add_client_error("invoke_endpoint", code, message, http_status_code=status, modeled_fields=modeled)


def body(content: bytes) -> StreamingBody:
    """Build the body of an answer."""
    return StreamingBody(io.BytesIO(content), len(content))


def invoke(client: Any, test: SmokeTest = TEST) -> Any:
    """Invoke the endpoint."""
    return Inference(client).invoke("churn", test, (test.body or "").encode())


def test_an_answer_is_what_the_endpoint_said(client: Any, stub: Stubber) -> None:
    """The status of a success, every byte of the body, and a time."""
    answer(stub, body(b"0.9\xff"), {"EndpointName": "churn", "ContentType": "text/csv", "Body": b"1,2"})

    found = invoke(client)

    assert (found.status_code, found.body) == (200, b"0.9\xff")
    assert found.latency_milliseconds >= 0


def test_what_a_smoke_test_says_more_is_asked_for(client: Any, stub: Stubber) -> None:
    """One variant, and a kind of answer."""
    test = SmokeTest.model_validate({"Body": "", "Accept": "text/csv", "TargetVariant": "B"})
    asked = {"EndpointName": "churn", "ContentType": "application/json", "Body": b""}
    answer(stub, body(b""), {**asked, "Accept": "text/csv", "TargetVariant": "B"})

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
    client: Any, stub: Stubber, members: dict[str, Any], status_code: int, said: bytes
) -> None:
    """A model that fails has been asked, and has answered; what it should have answered is the test's to say."""
    refuse(stub, "ModelError", "Received server error", 424, **members)

    found = invoke(client)

    assert (found.status_code, found.body) == (status_code, said)


@pytest.mark.parametrize(
    ("code", "status", "raised"),
    [
        ("ValidationError", 400, errors.EndpointNotVisibleError),
        ("ValidationException", 400, errors.EndpointNotVisibleError),
        ("AccessDeniedException", 403, errors.AccessDeniedError),
        ("AccessDenied", 403, errors.AccessDeniedError),
        ("ThrottlingException", 400, errors.SageMakerUnavailableError),
        ("ModelNotReadyException", 429, errors.SageMakerUnavailableError),
        ("InternalFailure", 500, errors.SageMakerUnavailableError),
        ("ServiceUnavailable", 503, errors.SageMakerUnavailableError),
        ("InternalDependencyException", 530, errors.SageMakerUnavailableError),
        ("", 502, errors.SageMakerUnavailableError),
    ],
)
def test_what_is_no_answer_is_raised(
    client: Any, stub: Stubber, code: str, status: int, raised: type[Exception]
) -> None:
    """The runtime may not know the endpoint yet, may be busy, or may refuse: that says nothing of the model."""
    refuse(stub, code, "Endpoint churn of account 111122223333 not found.", status)

    with pytest.raises(
        raised, match=r"^InvokeEndpoint: .*Endpoint churn of account 111122223333 not found\.$"
    ) as error:
        invoke(client)

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
