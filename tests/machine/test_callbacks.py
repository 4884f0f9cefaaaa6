"""Tasks that wait for their token do so in virtual time as they do in Step Functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from deployer.json_document import Document
from local.states_language.callbacks import Callbacks
from tests.machine.bench import DONE, retry, types
from tests.machine.callback_samples import TIMED, Service

if TYPE_CHECKING:
    from tests.machine.bench import Bench


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
    """The parameters of TaskScheduled have it as JSON, below Payload, with the seconds until the timeout."""
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


def test_a_wait_without_an_answer_times_out(bench: Bench) -> None:
    """It fails with States.Timeout after the seconds in the data; that does not count as a failed attempt."""
    bench.function(lambda *_: None)
    service = Service(bench, TimeoutSecondsPath="$.Seconds", **TIMED)

    execution = service.run({"Seconds": 45})

    assert bench.seconds == 45
    assert bench.output(execution)["Failure"]["Error"] == "States.Timeout"
    assert types(execution)[-5:-3] == ["TaskTimedOut", "TaskStateExited"]
    assert execution.failures == []


def test_a_function_that_fails_fails_its_task(bench: Bench) -> None:
    """The task fails at once, with the error's name; every attempt has a token of its own."""
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
    """The error has the name and the cause that were sent."""
    tokens: list[str] = []
    bench.function(collect(tokens))
    service = Service(bench, TimeoutSeconds=600)
    request = {"error": "Broken", "cause": "because"}
    service.at(10, lambda: service.api.call("SendTaskFailure", {"taskToken": tokens[0], **request}))

    execution = service.run()

    assert (execution.error, execution.cause) == ("Broken", "because")


@pytest.mark.parametrize("ending", ["completed", "timed out", "failed", "retried"])
def test_token_is_valid_for_one_attempt(bench: Bench, ending: str) -> None:
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


def test_unknown_tokens_are_refused(bench: Bench) -> None:
    """A text that is not a token, and a token of no task."""
    bench.function(lambda *_: None)
    service = Service(bench, TimeoutSeconds=30)
    other = Callbacks(bench.machine(DONE)._random).open(lambda: None)

    assert service.refusal("SendTaskSuccess", taskToken="x", output="1") == "InvalidToken"
    assert service.refusal("SendTaskFailure", taskToken=other.token) == "TaskDoesNotExist"


def test_output_that_is_not_json_is_refused(bench: Bench) -> None:
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
