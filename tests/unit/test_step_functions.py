"""The adapter of Step Functions: which tasks are completed, what is read of histories, and what it raises."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from deployer.aws.step_functions import Executions, execution_arn
from deployer.errors import AccessDeniedError, StepFunctionsUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXECUTION = "arn:aws:states:us-east-1:111122223333:execution:deploy:run-1"

MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:deploy"

ENDED_AT = datetime(2026, 11, 24, 12, tzinfo=UTC)

CALLS: list[tuple[str, Callable[[Executions], Any]]] = [
    ("send_task_success", lambda executions: executions.send_success("token", {})),
    ("get_execution_history", lambda executions: executions.newest_events(EXECUTION, 5)),
    ("start_execution", lambda executions: executions.start(MACHINE, "repair-1", {})),
    ("describe_execution", lambda executions: executions.ended_at(EXECUTION)),
]


@pytest.fixture
def client() -> Any:
    """A client that reaches nothing."""
    return boto3.client("stepfunctions", config=Config(retries={"total_max_attempts": 1}))


@pytest.fixture
def stub(client: Any) -> Iterator[Stubber]:
    """The answers of Step Functions in order; each has to be used."""
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def test_waiting_task_is_completed(client: Any, stub: Stubber) -> None:
    stub.add_response("send_task_success", {}, {"taskToken": "token", "output": json.dumps({"InService": False})})

    assert Executions(client).send_success("token", {"InService": False})


def test_execution_is_started_by_its_name(client: Any, stub: Stubber) -> None:
    answer = {"executionArn": EXECUTION, "startDate": ENDED_AT}
    stub.add_response("start_execution", answer, {"stateMachineArn": MACHINE, "name": "run-1", "input": "{}"})

    assert Executions(client).start(MACHINE, "run-1", {}) == EXECUTION


def test_execution_whose_name_is_taken_is_not_started(client: Any, stub: Stubber) -> None:
    stub.add_client_error("start_execution", "ExecutionAlreadyExists")

    assert Executions(client).start(MACHINE, "run-1", {}) is None


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_ended_task_is_not_an_error(client: Any, stub: Stubber, code: str) -> None:
    """Its time was over, or the event came twice."""
    stub.add_client_error("send_task_success", code)

    assert not Executions(client).send_success("token", {})


def test_newest_events_are_read_with_their_data(client: Any, stub: Stubber) -> None:
    event = {"timestamp": datetime(2026, 11, 24, tzinfo=UTC), "type": "TaskScheduled", "id": 7}
    expected = {"executionArn": EXECUTION, "reverseOrder": True, "maxResults": 5, "includeExecutionData": True}
    stub.add_response("get_execution_history", {"events": [event]}, expected)

    assert Executions(client).newest_events(EXECUTION, 5) == [event]


@pytest.mark.parametrize(
    ("described", "expected"),
    [
        pytest.param({"status": "RUNNING"}, None, id="running"),
        pytest.param({"status": "ABORTED", "stopDate": ENDED_AT}, ENDED_AT, id="ended"),
    ],
)
def test_end_of_an_execution_is_described(
    client: Any, stub: Stubber, described: dict[str, Any], expected: datetime | None
) -> None:
    always = {"executionArn": EXECUTION, "stateMachineArn": "arn:aws:states:::m", "startDate": ENDED_AT}
    stub.add_response("describe_execution", {**always, **described}, {"executionArn": EXECUTION})

    assert Executions(client).ended_at(EXECUTION) == expected


def test_forgotten_execution_has_ended_long_ago(client: Any, stub: Stubber) -> None:
    stub.add_client_error("describe_execution", "ExecutionDoesNotExist")

    ended_at = Executions(client).ended_at(EXECUTION)

    assert ended_at is not None
    assert ended_at < ENDED_AT


def test_forgotten_execution_has_no_events(client: Any, stub: Stubber) -> None:
    stub.add_client_error("get_execution_history", "ExecutionDoesNotExist")

    assert Executions(client).newest_events(EXECUTION, 5) == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("AccessDeniedException", AccessDeniedError, id="denied"),
        pytest.param("ThrottlingException", StepFunctionsUnavailableError, id="throttled"),
        pytest.param("InternalFailure", StepFunctionsUnavailableError, id="failed"),
    ],
)
@pytest.mark.parametrize(("method", "call"), CALLS, ids=[method for method, _ in CALLS])
def test_errors_are_named(  # noqa: PLR0913, PLR0917 - a call, an answer and what becomes of it
    client: Any, stub: Stubber, method: str, call: Callable[[Executions], Any], code: str, expected: type[Exception]
) -> None:
    stub.add_client_error(method, code, "No.")

    with pytest.raises(expected, match="No"):
        call(Executions(client))


@pytest.mark.parametrize(("method", "call"), CALLS, ids=[method for method, _ in CALLS])
def test_lost_connection_is_named(method: str, call: Callable[[Executions], Any], client: Any) -> None:
    def break_off(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://states")

    client.meta.events.register(f"before-send.sfn.{method.title().replace('_', '')}", break_off)

    with pytest.raises(StepFunctionsUnavailableError):
        call(Executions(client))


def test_execution_is_known_by_its_state_machine_and_name() -> None:
    assert execution_arn("arn:aws:states:us-east-1:111122223333:stateMachine:deploy", "run-1") == EXECUTION
