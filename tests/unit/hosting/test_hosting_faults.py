"""Faults of calls to the hosting simulator: as often as the settings say, before the effect or after it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from local.simulator import ConnectionDroppedError, Failure, Fault, FunctionKilledError, Settings, Simulator
from local.simulator.in_process import attach
from local.simulator.wire import respond
from tests.unit.hosting.account import ROLE, Account, refused
from tests.unit.manual_clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault("DescribeModel", "throttled"), "ThrottlingException"),
        (Fault("*", "unavailable"), "InternalFailure"),
        (Fault("DescribeModel", "rejected", code="AccessDeniedException", message="No."), "AccessDeniedException"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else value,
)
def test_fault_occurs_as_often_as_configured(fault: Fault, code: str) -> None:
    """A fault occurs once by default; the next call succeeds."""
    account = Account()
    account.create_model()
    account.simulator.settings = Settings(faults=(fault,))

    assert refused(account.sagemaker.describe_model, ModelName="m")[0] == code
    assert account.sagemaker.describe_model(ModelName="m")


def test_a_lost_answer_does_not_undo_its_effect() -> None:
    """A connection that breaks after the effect leaves the caller in the dark, and the model in the account."""
    account = Account(settings=Settings(faults=(Fault("CreateModel", "dropped", "after"),)))

    with pytest.raises(ConnectionClosedError):
        account.create_model()

    assert account.sagemaker.describe_model(ModelName="m")


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
@pytest.mark.parametrize(("when", "exists"), [("before", False), ("after", True)])
def test_killed_caller_handles_no_error(mode: Any, when: Any, *, exists: bool) -> None:
    """The exception passes through botocore, which neither handles nor retries it, and through `except Exception`."""
    account = Account(settings=Settings(faults=(Fault("CreateModel", "killed", when, times=None),)))
    client = boto3.client("sagemaker", config=Config(retries={"total_max_attempts": 3, "mode": mode}))
    attach(client, account.simulator)

    def caller() -> None:
        try:
            client.create_model(ModelName="m", PrimaryContainer={"Image": "registry/m:1"}, ExecutionRoleArn=ROLE)
        except Exception as error:  # noqa: BLE001 - what must not happen
            pytest.fail(f"handled {error!r}")

    with pytest.raises(FunctionKilledError):
        caller()

    assert [(call.operation, call.outcome) for call in account.simulator.calls] == [("CreateModel", "killed")]
    assert ("m" in account.simulator.resources()["Models"]) is exists
    assert client.list_models()["Models"] is not None, "the client is as good as ever"


def test_killed_caller_is_a_dropped_connection_to_another_process() -> None:
    """Over the wire there is no one to kill: the server sees the connection break."""
    account = Account(settings=Settings(faults=(Fault("ListModels", "killed"),)))

    with pytest.raises(ConnectionDroppedError):
        respond(account.simulator, "/", {"X-Amz-Target": "SageMaker.ListModels"}, b"{}")

    assert [call.outcome for call in account.simulator.calls] == ["killed"]


def test_a_slow_call_has_its_effect_before_or_after_the_wait() -> None:
    """A caller that gives up has changed nothing in the one case, and everything in the other."""

    class ImpatientError(BaseException):
        """The caller has no more time."""

    seen = {}
    for when in ("before", "after"):
        account = Account(settings=Settings(faults=(Fault("CreateModel", "slow", when, seconds=60),)))

        def give_up(seconds: float) -> None:
            raise ImpatientError(seconds)

        account.clock.sleep = give_up  # type: ignore[method-assign]
        with pytest.raises(ImpatientError):
            account.create_model()
        seen[when] = [*account.simulator.resources()["Models"]]

    assert seen == {"before": [], "after": ["m"]}


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("describe_model", {"ModelName": "churn-m"}),
        ("describe_endpoint", {"EndpointName": "churn"}),
        ("describe_endpoint_config", {"EndpointConfigName": "churn-c"}),
        ("list_tags", {"ResourceArn": "arn:aws:sagemaker:us-east-1:111122223333:endpoint/churn"}),
    ],
)
def test_a_fault_may_be_about_one_resource(operation: str, parameters: dict[str, str]) -> None:
    """Calls that name something else, or nothing, neither fail nor count."""
    account = Account(settings=Settings(faults=(Fault("*", "throttled", resource="churn", skip=1),)))
    call: Callable[..., Any] = getattr(account.sagemaker, operation)
    other = {name: value.replace("churn", "fraud") for name, value in parameters.items()}

    def code(**named: str) -> str:
        try:
            call(**named)
        except account.sagemaker.exceptions.ClientError as error:
            return str(error.response["Error"]["Code"])
        return "ok"

    assert code(**other) != "ThrottlingException"
    assert account.sagemaker.list_models()["Models"] == []
    assert code(**parameters) != "ThrottlingException", "skipped"
    assert code(**other) != "ThrottlingException"
    assert code(**parameters) == "ThrottlingException"


def test_calls_that_come_too_fast_are_throttled() -> None:
    """The API answers a few calls a second, and more once time has passed."""
    account = Account(settings=Settings(calls_per_second=2))
    account.clock.sleep(1)

    answers = [account.simulator.call("ListModels", {}) for _ in range(2)]
    throttled = refused(account.sagemaker.list_models)
    account.clock.sleep(1)

    assert len(answers) == 2
    assert throttled == ("ThrottlingException", "Rate exceeded")
    assert account.sagemaker.list_models()["Models"] == []


@given(seed=st.integers(0, 1000), probability=st.floats(0.1, 0.9))
def test_a_seed_repeats_a_run(seed: int, probability: float) -> None:
    """The same calls have the same outcomes, whichever faults occur and whichever replica answers."""

    def run() -> list[str]:
        faults = (Fault("*", "unavailable", times=None, probability=probability),)
        clock = Clock()
        simulator = Simulator(clock=clock, settings=Settings(lag=30, faults=faults), seed=seed)
        for name in ("a", "b", "c"):
            for operation, parameters in (
                ("CreateModel", {"PrimaryContainer": {"Image": "i"}, "ExecutionRoleArn": ROLE}),
                ("DescribeModel", {}),
            ):
                headers = {"x-amz-target": f"SageMaker.{operation}"}
                respond(simulator, "/", headers, json.dumps({"ModelName": name, **parameters}).encode())
            clock.sleep(7)
        return [call.outcome for call in simulator.calls]

    assert run() == run()


def test_settings_go_over_the_wire() -> None:
    """The control of local AWS sends them as JSON, and nothing of them gets lost."""
    adapter = TypeAdapter(Settings)
    settings = Settings(
        failure_reasons={"a": "b"},
        failures=(Failure("c", "Baking", "no", step=2, times=1),),
        broken_models={"m": "x"},
        answer_seconds={"m": 1.5},
        faults=(Fault("*", "killed", "after", resource="churn"),),
    )

    assert adapter.validate_json(adapter.dump_json(settings)) == settings
