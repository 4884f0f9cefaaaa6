"""How a handler is made on Lambda, and which clients it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deployer import runtime
from deployer.aws.logs import ContainerLogs
from deployer.json_document import Document

if TYPE_CHECKING:
    import pytest


def made_adapters(*, is_on_lambda: bool, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Make a handler; return which adapters are made with it."""
    made: list[str] = []
    if is_on_lambda:
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "deployer")
    else:
        monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)

    @runtime.step(lambda: made.append("objects"), lambda: made.append("sagemaker"))
    def handler(event: Document) -> Document:
        return event

    assert callable(handler)
    return made


def test_adapters_are_made_with_the_function_on_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere they are made by the first event that needs them."""
    assert made_adapters(is_on_lambda=True, monkeypatch=monkeypatch) == ["objects", "sagemaker"]
    assert made_adapters(is_on_lambda=False, monkeypatch=monkeypatch) == []


def test_logs_are_read_by_the_one_client_of_the_function() -> None:
    adapter = runtime.container_logs()

    assert isinstance(adapter, ContainerLogs)
    assert runtime.client("logs") is runtime.client("logs")


def test_clients_make_one_attempt_and_wait_for_slow_models() -> None:
    """The longest answer of a model takes 60 s (SageMaker Runtime API Reference, InvokeEndpoint)."""
    plain: Any = runtime.client("sagemaker").meta.config
    patient: Any = runtime.client("sagemaker-runtime").meta.config

    assert {each.retries["total_max_attempts"] for each in (plain, patient)} == {1}
    assert plain.read_timeout == 20
    assert patient.read_timeout == 65
    assert {each.connect_timeout for each in (plain, patient)} == {5}
