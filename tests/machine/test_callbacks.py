"""Tasks that wait for their token do so in virtual time as they do in Step Functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from deployer.json_document import Document
from local.simulator.errors import ServiceError
from local.states_language.callbacks import Callbacks
from local.virtual_time.step_functions_api import StepFunctions
from tests.machine.bench import DONE, retry, types, wait

if TYPE_CHECKING:
    from local.virtual_time import Execution, Machine
    from tests.machine.bench import Bench

TIMED: Document = {"Catch": [{"ErrorEquals": ["States.Timeout"], "ResultPath": "$.Failure", "Next": "Done"}]}


def waiting(**more: Any) -> Document:
    """Build a Task state that calls a function with its token and waits for it."""
    payload = {"TaskToken.$": "$$.Task.Token", "RetryCount.$": "$$.State.RetryCount"}
    return {
        "Type": "Task",
        "Resource": "arn:${Partition}:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "${WorkFunctionArn}", "Payload": payload},
        "Next": "Done",
        **more,
    }


class Service:
    """A machine of one Task that waits for its token, and Step Functions' API in front of it."""

    def __init__(self, bench: Bench, **more: Any) -> None:
        self.bench = bench
        self.machine: Machine = bench.machine({"Wait": waiting(**more), **DONE})
        callbacks = self.machine._callbacks
        self.api = StepFunctions(bench.clock, [self.machine], callbacks)

    def succeed(self, token: str, output: Any = None) -> None:
        """Complete a task."""
        self.api.call("SendTaskSuccess", {"taskToken": token, "output": json.dumps(output)})

    def refusal(self, operation: str, **request: Any) -> str:
        """Return the code with which a call is refused."""
        with pytest.raises(ServiceError) as refused:
            self.api.call(operation, request)
        return refused.value.code

    def run(self, document: Any = None) -> Execution:
        """Run an execution to its end."""
        execution = self.machine.start(document or {})
        self.machine.run()
        return execution

    def at(self, seconds: float, act: Any) -> None:
        """Do something later."""
        self.bench.clock.spawn(act, name="later", at=self.bench.clock.now() + seconds)


def collect(tokens: list[str]) -> Any:
    """Build a function that keeps its tokens."""
    return lambda event, _: tokens.append(event["TaskToken"])


def test_a_task_waits_until_its_token_is_returned(bench: Bench) -> None:
    """The result is what SendTaskSuccess brings; the function's answer is dropped."""
    tokens: list[str] = []

    def keep(event: Document, _: object) -> str:
        tokens.append(event["TaskToken"])
        return "dropped"

    bench.function(keep)
    service = Service(bench, TimeoutSeconds=600)
    service.at(100, lambda: service.succeed(tokens[0], {"done": True}))

    execution = service.run()

    assert bench.output(execution) == {"done": True}
    assert bench.seconds == 100
    assert types(execution)[1:7] == [
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskSucceeded",
        "TaskStateExited",
    ]


def test_the_token_stands_in_the_history(bench: Bench) -> None:
    """In the parameters of TaskScheduled, as JSON, below Payload; with the seconds until the timeout."""
    tokens: list[str] = []
    bench.function(collect(tokens))
    service = Service(bench, TimeoutSecondsPath="$.Seconds", **TIMED)

    execution = service.run({"Seconds": 30})

    details = execution.events[2]["taskScheduledEventDetails"]
    parameters = json.loads(details.pop("parameters"))
    assert parameters["Payload"] == {"TaskToken": tokens[0], "RetryCount": 0}
    assert parameters["FunctionName"].endswith(":function:Work")
    assert details == {
        "resourceType": "lambda",
        "resource": "invoke.waitForTaskToken",
        "region": "us-east-1",
        "timeoutInSeconds": 30,
    }


def test_a_wait_that_nobody_ends_times_out(bench: Bench) -> None:
    """After the seconds that the data say, with States.Timeout; that is no failed attempt."""
    bench.function(lambda *_: None)
    service = Service(bench, TimeoutSecondsPath="$.Seconds", **TIMED)

    execution = service.run({"Seconds": 45})

    assert bench.seconds == 45
    assert bench.output(execution)["Failure"]["Error"] == "States.Timeout"
    assert types(execution)[-5:-3] == ["TaskTimedOut", "TaskStateExited"]
    assert execution.failures == []


def test_a_function_that_fails_fails_its_task(bench: Bench) -> None:
    """At once, with the error's name; there is a token of its own for every attempt."""
    tokens: list[str] = []

    def work(event: Any, _: Any) -> None:
        tokens.append(event["TaskToken"])
        bench.clock.sleep(5)
        raise LookupError(event["RetryCount"])

    bench.function(work)
    service = Service(bench, TimeoutSeconds=600, **retry("LookupError", MaxAttempts=2))

    execution = service.run()

    assert execution.error == "LookupError"
    assert execution.failures == [("Wait", "LookupError")] * 3
    assert len(set(tokens)) == 3
    assert bench.seconds == 3 * 5 + 2
    assert "TaskSubmitted" not in types(execution)


def test_a_function_may_return_its_own_token(bench: Bench) -> None:
    """The execution goes on at once, and what the function does afterwards changes nothing."""
    ended: list[float] = []

    def work(event: Any, _: Any) -> None:
        service.succeed(event["TaskToken"], "early")
        bench.clock.sleep(5)
        ended.append(bench.seconds)
        raise LookupError

    bench.function(work)
    service = Service(bench, TimeoutSeconds=600)

    execution = service.run()

    assert bench.output(execution) == "early"
    assert execution.record["stopDate"] == execution.record["startDate"]
    assert ended == [5]


def test_a_failure_that_is_sent_fails_the_task(bench: Bench) -> None:
    """By the name and with the cause that were sent."""
    tokens: list[str] = []
    bench.function(collect(tokens))
    service = Service(bench, TimeoutSeconds=600)
    request = {"error": "Broken", "cause": "because"}
    service.at(10, lambda: service.api.call("SendTaskFailure", {"taskToken": tokens[0], **request}))

    execution = service.run()

    assert (execution.error, execution.cause) == ("Broken", "because")


@pytest.mark.parametrize("ending", ["completed", "timed out", "failed", "retried"])
def test_a_token_is_good_for_one_attempt(bench: Bench, ending: str) -> None:
    """Afterwards it is refused: a second event, or one that comes too late, changes nothing."""
    tokens: list[str] = []

    def work(event: Any, _: Any) -> None:
        tokens.append(event["TaskToken"])
        if ending == "failed" or (ending == "retried" and event["RetryCount"] == 0):
            raise LookupError

    bench.function(work)
    service = Service(bench, TimeoutSeconds=30, **(retry("LookupError") if ending == "retried" else {}))
    if ending == "completed":
        service.at(10, lambda: service.succeed(tokens[0]))
    service.run()

    code = service.refusal("SendTaskSuccess", taskToken=tokens[0], output="1")

    assert code == "TaskTimedOut"


def test_tokens_of_nobody_are_refused(bench: Bench) -> None:
    """What is no token, and one of no task."""
    bench.function(lambda *_: None)
    service = Service(bench, TimeoutSeconds=30)
    other = Callbacks(bench.machine(DONE)._random).open(lambda: None)

    assert service.refusal("SendTaskSuccess", taskToken="x", output="1") == "InvalidToken"
    assert service.refusal("SendTaskFailure", taskToken=other.token) == "TaskDoesNotExist"


def test_an_output_that_is_no_json_is_refused(bench: Bench) -> None:
    """The task goes on waiting."""
    tokens: list[str] = []
    bench.function(collect(tokens))
    service = Service(bench, TimeoutSeconds=30)
    execution = service.machine.start({})
    service.machine.run(until=bench.clock.now() + 10)

    code = service.refusal("SendTaskSuccess", taskToken=tokens[0], output="{")

    assert code == "InvalidOutput"
    assert execution.status == "RUNNING"
    service.machine.close()


def test_a_stopped_execution_waits_for_nothing(bench: Bench) -> None:
    """Its token is no longer good."""
    tokens: list[str] = []
    bench.function(collect(tokens))
    service = Service(bench, TimeoutSeconds=600)
    execution = service.machine.start({})
    service.machine.stop(execution, at=bench.clock.now() + 10)
    service.machine.run()

    assert execution.status == "ABORTED"
    assert service.refusal("SendTaskSuccess", taskToken=tokens[0], output="1") == "TaskTimedOut"


def history(service: Service, execution: Execution, **more: Any) -> Document:
    """Read a page of the history."""
    return service.api.call("GetExecutionHistory", {"executionArn": execution.arn, **more})


def test_the_history_is_paged_and_turned_around(bench: Bench) -> None:
    """The newest events come first; what happens between two pages moves nothing."""
    bench.function(lambda *_: None)
    service = Service(bench, TimeoutSeconds=30, **TIMED)
    execution = service.machine.start({})
    service.machine.run(until=bench.clock.now() + 10)

    first = history(service, execution, reverseOrder=True, maxResults=2)
    service.machine.run()
    second = history(service, execution, reverseOrder=True, maxResults=10, nextToken=first["nextToken"])

    assert [event["type"] for event in first["events"]] == ["TaskSubmitted", "TaskStarted"]
    assert [event["id"] for event in second["events"]] == [3, 2, 1]
    assert "nextToken" not in second
    assert [event["id"] for event in history(service, execution)["events"]][:3] == [1, 2, 3]


def test_the_history_leaves_data_out_if_asked_to(bench: Bench) -> None:
    """Inputs and outputs only."""
    bench.function(lambda *_: None)
    service = Service(bench, TimeoutSeconds=30, **TIMED)
    execution = service.run({"a": 1})

    events = history(service, execution, includeExecutionData=False)["events"]

    assert events[1]["stateEnteredEventDetails"] == {"name": "Wait", "inputDetails": {"truncated": False}}
    assert execution.events[1]["stateEnteredEventDetails"]["input"] == '{"a":1}'


def test_executions_are_started_and_described(bench: Bench) -> None:
    """The same name with the same input is the same execution while it runs; another input is refused."""
    machine = bench.machine({"W": wait(100), **DONE})
    api = StepFunctions(bench.clock, [machine], machine._callbacks)
    service = Service(bench)
    service.api = api
    request = {"stateMachineArn": machine.arn, "name": "n", "input": '{"a": 1}'}

    first, second = api.call("StartExecution", request), api.call("StartExecution", request)
    other = service.refusal("StartExecution", **{**request, "input": "{}"})
    machine.run()
    described = api.call("DescribeExecution", {"executionArn": first["executionArn"]})

    assert first == second
    assert other == "ExecutionAlreadyExists"
    assert (described["status"], described["stopDate"] - described["startDate"]) == ("SUCCEEDED", 100)


@pytest.mark.parametrize("operation", ["DescribeExecution", "GetExecutionHistory"])
def test_executions_of_nobody_are_refused(bench: Bench, operation: str) -> None:
    """One that has not begun yet is not there either."""
    bench.function(lambda *_: None)
    service = Service(bench, TimeoutSeconds=30)
    later = service.machine.start({}, at=bench.clock.now() + 10)

    assert service.refusal(operation, executionArn="arn:x") == "ExecutionDoesNotExist"
    assert service.refusal(operation, executionArn=later.arn) == "ExecutionDoesNotExist"
    service.machine.close()
