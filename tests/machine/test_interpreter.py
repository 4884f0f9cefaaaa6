"""The interpreter in virtual time waits, retries and times out as Step Functions does."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from deployer.json_document import Document
from local.simulator.errors import FunctionKilledError
from local.states_language.history import SCHEDULED
from local.virtual_time.functions import timeout_of
from tests.machine.bench import CALLED, DONE, retry, task, types, wait
from tests.machine.small_definitions import refuse

if TYPE_CHECKING:
    from local.virtual_time import Execution
    from tests.machine.bench import Bench


def test_waits_take_virtual_time_only(bench: Bench) -> None:
    """A wait of a day passes at once, and the clock shows that it passed."""
    waiting = bench.machine({"W": wait(86400), **DONE})

    execution = waiting.start({})
    waiting.run()

    assert execution.status == "SUCCEEDED"
    assert bench.seconds == 86400


def test_a_wait_until_a_moment_ends_then(bench: Bench) -> None:
    """A Timestamp is one of virtual time."""
    until = "1970-01-12T14:00:00Z"
    waiting = bench.machine({"W": {"Type": "Wait", "Timestamp": until, "Next": "Done"}, **DONE})

    execution = waiting.start({})
    waiting.run()

    assert execution.record["stopDate"] == "1970-01-12T14:00:00.000Z"


def delays(execution: Execution) -> list[float]:
    """Return the seconds between the attempts of a task."""
    moments = [event["timestamp"] for event in execution.events if event["type"] in SCHEDULED]
    seconds = [float(moment[-7:-1]) + 60 * int(moment[-10:-8]) for moment in moments]
    return [round(later - earlier, 3) % 3600 for earlier, later in pairwise(seconds)]


@pytest.mark.parametrize("jitter", ["NONE", "FULL"])
def test_retries_grow_to_their_cap(bench: Bench, jitter: str) -> None:
    """The delays double up to MaxDelaySeconds, beyond a minute too; full jitter takes a random part of each."""
    bench.function(refuse)
    growing = {"IntervalSeconds": 10, "BackoffRate": 2, "MaxDelaySeconds": 100, "MaxAttempts": 6}
    retrying = bench.machine({"Work": task(**retry("LookupError", **growing, JitterStrategy=jitter))})

    execution = retrying.start({})
    retrying.run()

    whole = [10, 20, 40, 80, 100, 100]
    assert execution.error == "LookupError"
    if jitter == "NONE":
        assert delays(execution) == whole
    else:
        assert all(0 <= delay <= most for delay, most in zip(delays(execution), whole, strict=True))
        assert delays(execution) != whole


def test_a_function_that_dies_is_reported_as_lambda_does(bench: Bench) -> None:
    """The name is `Runtime.ExitError`, by which it can be retried; no handler of the function sees it."""
    survived: list[str] = []

    def call() -> None:
        raise FunctionKilledError

    def die(*_: Any) -> None:
        try:
            call()
        except Exception:  # noqa: BLE001 - what a function may do
            survived.append("handled")

    bench.function(die)
    dying = bench.machine({"Work": task(**retry("Runtime.ExitError", MaxAttempts=2))})

    execution = dying.start({})
    dying.run()

    report = json.loads(execution.cause)
    assert execution.failures == [("Work", "Runtime.ExitError")] * 3
    assert report["errorType"] == "Runtime.ExitError"
    assert report["errorMessage"].startswith("RequestId: ")
    assert report["errorMessage"].endswith(" Error: Runtime exited with error: signal: killed")
    assert survived == []


def test_a_function_ends_at_its_timeout(bench: Bench) -> None:
    """Its effect after the 60 seconds does not happen, and the state machine gets the error at that time."""
    done: list[float] = []

    def work(*_: Any) -> None:
        bench.clock.sleep(40)
        done.append(bench.seconds)
        bench.clock.sleep(40)
        done.append(bench.seconds)

    bench.function(work)
    slow = bench.machine({"Work": task(TimeoutSeconds=75)})

    execution = slow.start({})
    slow.run()

    assert done == [40]
    assert execution.error == "Sandbox.Timedout"
    assert json.loads(execution.cause)["errorMessage"].endswith(" Error: Task timed out after 60.00 seconds")
    assert bench.seconds == 60


def test_a_function_has_the_time_that_the_template_gives_it(bench: Bench) -> None:
    """One with a Timeout of its own may take longer than the others; the context holds the remaining time."""
    left: list[int] = []

    def work(_: Any, context: Any) -> None:
        bench.clock.sleep(timeout_of("SmokeTestEndpoint") - 1)
        left.append(context.get_remaining_time_in_millis())

    bench.function(work, "smoke_test_endpoint")
    slow = bench.machine({"SmokeTestEndpoint": task("SmokeTestEndpoint")})

    execution = slow.start({})
    slow.run()

    assert timeout_of("SmokeTestEndpoint") > timeout_of("PlanDeployment")
    assert execution.status == "SUCCEEDED"
    assert left == [1000]


def test_a_function_outlives_the_timeout_of_its_state(bench: Bench) -> None:
    """The state machine goes on, the function too; its answer is dropped, even if the next state just waits."""
    done: list[float] = []

    def work(*_: Any) -> str:
        bench.clock.sleep(30)
        done.append(bench.seconds)
        return "late"

    bench.function(work)
    caught: Document = {"Catch": [{"ErrorEquals": ["States.Timeout"], "ResultPath": "$.Failure", "Next": "W"}]}
    impatient = bench.machine({"Work": task(TimeoutSeconds=10, **caught), "W": wait(100), **DONE})

    execution = impatient.start({})
    impatient.run()

    assert done == [30]
    assert json.loads(execution.record["output"]) == {"Failure": {"Error": "States.Timeout", "Cause": ""}}
    assert bench.seconds == 110


def test_answer_that_is_not_json_is_an_error(bench: Bench) -> None:
    """Lambda cannot pass it on."""
    bench.function(lambda *_: {1, 2})
    answering = bench.machine({"Work": task()})

    execution = answering.start({})
    answering.run()

    assert execution.error == "Runtime.MarshalError"


def test_an_execution_ends_at_its_own_timeout(bench: Bench) -> None:
    """A wait that would last longer is cut short."""
    waiting = bench.machine({"W": wait(1000), **DONE}, TimeoutSeconds=300)

    execution = waiting.start({})
    waiting.run()

    assert (execution.status, execution.error) == ("TIMED_OUT", "States.Timeout")
    assert types(execution) == ["ExecutionStarted", "WaitStateEntered", "ExecutionTimedOut"]
    assert bench.seconds == 300


def test_an_execution_that_times_out_leaves_its_function_alone(bench: Bench) -> None:
    """The function ends its work; that it fails is not retried any more."""
    done: list[float] = []

    def work(*_: Any) -> None:
        bench.clock.sleep(50)
        done.append(bench.seconds)
        raise LookupError

    bench.function(work)
    timed = bench.machine({"Work": task(**retry("LookupError"))}, TimeoutSeconds=70)

    execution = timed.start({})
    timed.run()

    assert done == [50, 101]
    assert execution.status == "TIMED_OUT"
    assert types(execution)[-2:] == ["LambdaFunctionStarted", "ExecutionTimedOut"]


@pytest.mark.parametrize("ending", ["answers", "fails"])
def test_a_function_outlives_its_execution(bench: Bench, ending: str) -> None:
    """After StopExecution it ends its work; its answer leads nowhere, and its failure is not retried."""
    done: list[float] = []

    def work(*_: Any) -> str:
        bench.clock.sleep(30)
        done.append(bench.seconds)
        if ending == "fails":
            raise LookupError
        return "late"

    bench.function(work)
    working = bench.machine({"Work": task(Next="Done", **retry("LookupError")), **DONE})

    execution = working.start({})
    working.stop(execution, at=bench.clock.now() + 10)
    working.run()

    assert done == [30]
    assert execution.status == "ABORTED"
    assert types(execution) == ["ExecutionStarted", "TaskStateEntered", *CALLED, "ExecutionAborted"]
