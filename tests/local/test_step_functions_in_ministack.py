"""Step Functions of local AWS does as AWS does in what the state machines rely on."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from ministack.services import stepfunctions

from deployer.json_document import Document
from local.environment import ACCOUNT_ID, REGION
from tests.local.ministack_server import ROLE, SPEED, Executions, refusal, wait_for

if TYPE_CHECKING:
    from local.aws.server import Server


def task(**more: Any) -> Document:
    """Build a Task state."""
    return {"Type": "Task", "Resource": f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:work", "Next": "Done", **more}


def waiting(payload: Document | None = None, **more: Any) -> Document:
    """Build a Task state that waits for its token."""
    parameters = {"FunctionName": task()["Resource"], "Payload": {"Token.$": "$$.Task.Token", **(payload or {})}}
    return task(Resource="arn:aws:states:::lambda:invoke.waitForTaskToken", Parameters=parameters, **more)


def types(events: list[Document]) -> list[str]:
    """Return the types of events."""
    return [event["type"] for event in events]


def test_input_that_is_not_json_is_refused(server: Server) -> None:
    """Nothing is started."""
    client = server.client("stepfunctions")
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    machine = client.create_state_machine(name="strict", definition=definition, roleArn=ROLE)["stateMachineArn"]

    with pytest.raises(ClientError, match="InvalidExecutionInput"):
        client.start_execution(stateMachineArn=machine, input="no JSON")

    assert client.list_executions(stateMachineArn=machine)["executions"] == []


def test_ministack_accepts_an_input_that_is_not_json() -> None:
    """If it does no longer, the correction can go."""
    assert "InvalidExecutionInput" not in inspect.getsource(stepfunctions._start_execution)


def test_a_task_waits_for_its_token(executions: Executions) -> None:
    """The token is read from the history; what comes with it is the result, and comes once."""
    arn = executions.start({"A": waiting(TimeoutSeconds=3000)})
    token = executions.token(arn)

    executions.client.send_task_success(taskToken=token, output='{"a": 1}')
    described = executions.ended(arn)

    assert json.loads(described["output"]) == {"a": 1}
    assert types(executions.events(arn))[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    with pytest.raises(ClientError, match="TaskTimedOut"):
        executions.client.send_task_success(taskToken=token, output="{}")
    with pytest.raises(ClientError, match="InvalidToken"):
        executions.client.send_task_success(taskToken="none", output="{}")


def test_a_function_that_fails_fails_its_waiting_task(executions: Executions) -> None:
    """The task fails at once, not at the timeout; each attempt has a token of its own."""
    retry = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "MaxAttempts": 2}]

    described = executions.run({"A": waiting({"Fails": "broken"}, TimeoutSeconds=90_000, Retry=retry)})

    tokens = executions.tokens(described["executionArn"])
    assert described["status"] == "FAILED"
    assert "broken" in described["cause"]
    assert len(set(tokens)) == 3
    assert types(executions.events(described["executionArn"])).count("TaskFailed") == 3


def test_ministack_lets_a_function_with_a_token_fail_unnoticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it does no longer, the correction can go."""

    def fail(*_: Any) -> None:
        raise stepfunctions._ExecutionError("ValueError", "broken")

    monkeypatch.setattr(stepfunctions, "_call_lambda", fail)

    with pytest.raises(stepfunctions._ExecutionError) as error:
        stepfunctions._invoke_with_callback(waiting()["Resource"], {"FunctionName": "work"}, "t", {"TimeoutSeconds": 0})

    assert error.value.error == "States.Timeout"


def test_a_wait_for_a_token_ends_at_the_seconds_of_the_data(executions: Executions) -> None:
    """TimeoutSecondsPath counts, at the server's speed, and not the time that the function takes."""
    catch = [{"ErrorEquals": ["States.Timeout"], "ResultPath": "$.Failure", "Next": "Done"}]

    described = executions.run({"A": waiting(TimeoutSecondsPath="$.Seconds", Catch=catch)}, {"Seconds": 100})

    events = executions.events(described["executionArn"])
    moments = {event["type"]: event["timestamp"] for event in events}
    waited = (moments["TaskTimedOut"] - moments["TaskSubmitted"]).total_seconds()
    assert json.loads(described["output"])["Failure"]["Error"] == "States.Timeout"
    assert 100 / SPEED - 0.1 < waited < 100 / SPEED + 2
    assert events[2]["taskScheduledEventDetails"]["timeoutInSeconds"] == 100


def test_a_stopped_execution_waits_no_longer(executions: Executions) -> None:
    """It stays as it was stopped."""
    arn = executions.start({"A": waiting(TimeoutSeconds=90_000)})
    token = executions.token(arn)

    executions.client.stop_execution(executionArn=arn)

    wait_for(lambda: refusal(lambda: executions.client.send_task_success(taskToken=token, output="1")), bool, 5)
    assert executions.ended(arn)["status"] == "ABORTED"
    assert types(executions.events(arn))[-1] == "ExecutionAborted"


def test_a_functions_own_events_are_in_the_history(executions: Executions) -> None:
    """One that is called by its ARN takes five events."""
    described = executions.run({"A": task(TimeoutSeconds=30)}, {"Text": "x"})

    assert types(executions.events(described["executionArn"]))[1:6] == [
        "TaskStateEntered",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
        "TaskStateExited",
    ]


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Pass", "Parameters": {"a.$": "$.missing"}, "Next": "Done"},
        {"Type": "Wait", "SecondsPath": "$.missing", "Next": "Done"},
        {"Type": "Choice", "Choices": [{"Variable": "$.missing", "IsNull": True, "Next": "Done"}], "Default": "Done"},
        task(Parameters={"a.$": "$.missing"}, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Done"}]),
    ],
)
def test_a_path_that_selects_nothing_ends_the_execution(executions: Executions, state: Document) -> None:
    """It is not a null, and nothing catches the error."""
    described = executions.run({"A": state})

    assert (described["status"], described["error"]) == ("FAILED", "States.Runtime")
    assert "$.missing" in described["cause"]


def test_ministack_takes_a_missing_path_for_null() -> None:
    """If it does no longer, the correction can go."""
    assert stepfunctions._resolve_params_obj({"a.$": "$.missing"}, {}) == {"a": None}


def test_data_hold_no_more_than_256_kib(executions: Executions) -> None:
    """Input and result fit, both together do not, and nothing catches that."""
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Done"}]
    document = {"Text": "x", "Times": 150_000, "Rest": "y" * 150_000}

    described = executions.run({"A": task(ResultPath="$.Result", Catch=catch)}, document)

    assert (described["status"], described["error"]) == ("FAILED", "States.DataLimitExceeded")


def test_ministack_has_no_limit_of_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it does, the correction can go."""
    monkeypatch.setattr(stepfunctions, "_invoke_resource", lambda *_: "x" * 300_000)

    output, _ = stepfunctions._execute_task(task(), {}, {"events": []}, {"State": {"Name": "A"}})

    assert len(output) == 300_000


def test_state_machines_can_see_the_time_ahead(server: Server, executions: Executions) -> None:
    """A function that reads the time of its state sees a day pass."""
    states = {"A": {"Type": "Pass", "Parameters": {"Now.$": "$$.State.EnteredTime"}, "Next": "Done"}}
    moments = []

    for ahead in (0.0, 86_400.0, 0.0):
        server.control.advance_step_functions(ahead)
        moments.append(json.loads(executions.run(states)["output"])["Now"])

    days = [int(moment[8:10]) for moment in moments]
    assert days[0] != days[1]
    assert days[0] == days[2]
