"""The adapter of SageMaker repeats throttled calls, and raises an error of the deployer for every other failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from deployer import errors
from deployer.aws.sagemaker import SageMaker
from tests.unit.sagemaker.answers import ARN, MODEL, refuse

if TYPE_CHECKING:
    from botocore.stub import Stubber


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that the adapter would have taken, in seconds."""
    taken: list[float] = []
    monkeypatch.setattr("deployer.clock.sleep", taken.append)
    return taken


def test_throttled_call_is_made_again_after_growing_pauses(client: Any, stub: Stubber, pauses: list[float]) -> None:
    for _ in range(3):
        stub.add_client_error("create_model", "ThrottlingException", "Rate exceeded")
    stub.add_response("create_model", {"ModelArn": f"{ARN}model/churn-m-1"})

    SageMaker(client, throttle_seconds=20.0).create_model(MODEL)

    assert len(pauses) == 3
    assert 0.5 <= pauses[0] <= 1.0 <= pauses[1] <= 2.0 <= pauses[2] <= 4.0


def test_pauses_of_all_calls_together_are_bounded(client: Any, stub: Stubber, pauses: list[float]) -> None:
    """Only the last pause may exceed the bound."""
    for _ in range(2):
        stub.add_client_error("describe_model", "ThrottlingException", "Rate exceeded")
    service = SageMaker(client, throttle_seconds=0.4)

    with pytest.raises(errors.SageMakerThrottledError):
        service.find_model("churn-m-1")
    stub.add_client_error("describe_model", "ThrottlingException", "Rate exceeded")
    with pytest.raises(errors.SageMakerThrottledError):
        service.find_model("churn-m-1")

    assert len(pauses) == 1


def test_failed_call_is_not_made_again(client: Any, stub: Stubber, pauses: list[float]) -> None:
    """Only a throttled call is known to have had no effect."""
    stub.add_client_error("create_model", "InternalFailure", "Try again", http_status_code=500)

    with pytest.raises(errors.SageMakerUnavailableError):
        SageMaker(client, throttle_seconds=20.0).create_model(MODEL)

    assert pauses == []


def test_unknown_resources_are_not_found(service: SageMaker, stub: Stubber) -> None:
    refuse(stub, "describe_endpoint", f'Could not find endpoint "{ARN}endpoint/churn".')
    refuse(stub, "describe_model", f'Could not find model "{ARN}model/churn-m-1".')
    refuse(stub, "describe_endpoint_config", f'Could not find endpoint configuration "{ARN}endpoint-config/churn-c-1".')

    assert service.find_endpoint("churn") is None
    assert service.find_model("churn-m-1") is None
    assert service.find_endpoint_config("churn-c-1") is None


def test_error_has_the_operation_and_sagemakers_own_words(service: SageMaker, stub: Stubber) -> None:
    refuse(stub, "create_model", "Requested image registry/churn:1 not found.")

    with pytest.raises(errors.SageMakerRejectedError) as refused:
        service.create_model(MODEL)

    assert str(refused.value) == "CreateModel: Requested image registry/churn:1 not found."


def test_server_fault_is_transient_with_every_code(service: SageMaker, stub: Stubber) -> None:
    refuse(stub, "create_model", "?", code="UnknownError", status=503)

    with pytest.raises(errors.SageMakerUnavailableError):
        service.create_model(MODEL)


@pytest.mark.parametrize(
    "lost", [ReadTimeoutError, ConnectionClosedError, EndpointConnectionError, ConnectTimeoutError]
)
def test_lost_connection_is_transient(service: SageMaker, client: Any, lost: type[BotoCoreError]) -> None:
    def lose(**_: Any) -> None:
        raise lost(endpoint_url="https://api.sagemaker")

    client.meta.events.register("before-send.sagemaker.CreateModel", lose)

    with pytest.raises(errors.SageMakerUnavailableError):
        service.create_model(MODEL)
