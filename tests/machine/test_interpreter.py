"""The interpreter in virtual time does what Step Functions does."""

from __future__ import annotations

import json
import threading
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from deployer.json_document import Document
from local.simulator.errors import FunctionKilledError
from local.states_language.history import SCHEDULED
from local.virtual_time import (
    ClockStoppedError,
    ExecutionAlreadyExistsError,
    ExecutionDoesNotExistError,
    ExecutionNotRedrivableError,
    UnsupportedStateError,
    VirtualClock,
    virtual_clock,
)
from local.virtual_time.functions import timeout_of
from tests.machine.bench import CALLED, DONE, retry, task, types, wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time import Execution
    from local.virtual_time.world import World
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
    """Tell the seconds between the attempts of a task."""
    moments = [event["timestamp"] for event in execution.events if event["type"] in SCHEDULED]
    seconds = [float(moment[-7:-1]) + 60 * int(moment[-10:-8]) for moment in moments]
    return [round(later - earlier, 3) % 3600 for earlier, later in pairwise(seconds)]


def refuse(*_: Any) -> None:
    """Fail as a function does."""
    raise LookupError("not here")


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
    """The name is `Runtime.ExitError`, by which it can be retried; no handler of the function sees its death."""
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
    """What it would have done after its 60 seconds does not happen, and the state machine learns of it then."""
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


def test_an_answer_that_is_no_json_is_an_error(bench: Bench) -> None:
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


def test_an_execution_that_is_stopped_enters_no_further_state(bench: Bench) -> None:
    """It ends at that moment, with what the one who stopped it says."""
    waiting = bench.machine({"W": wait(1000), **DONE})

    execution = waiting.start({})
    waiting.stop(execution, at=bench.clock.now() + 100, error="Operator", cause="wrong bucket")
    waiting.run()

    assert (execution.status, execution.error, execution.cause) == ("ABORTED", "Operator", "wrong bucket")
    assert types(execution) == ["ExecutionStarted", "WaitStateEntered", "ExecutionAborted"]
    assert bench.seconds == 100


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


def test_what_has_ended_cannot_be_stopped(bench: Bench) -> None:
    """StopExecution then changes nothing."""
    quick = bench.machine(DONE)
    execution = quick.start({})
    quick.run()

    quick.stop(execution)

    assert execution.status == "SUCCEEDED"
    assert types(execution)[-1] == "ExecutionSucceeded"


def test_what_has_not_started_cannot_be_stopped(bench: Bench) -> None:
    """There is no such execution yet."""
    quick = bench.machine(DONE)
    execution = quick.start({}, at=bench.clock.now() + 10)

    with pytest.raises(ExecutionDoesNotExistError):
        quick.stop(execution)


def test_an_execution_can_be_stopped_as_it_starts(bench: Bench) -> None:
    """In whichever order the two come within one moment, it has started before it is stopped."""
    for seed in range(8):
        bench.clock = VirtualClock(seed=seed)
        quick = bench.machine({"W": wait(5), **DONE})
        execution = quick.start({}, at=bench.clock.now() + 10)
        quick.stop(execution, at=bench.clock.now() + 10)

        quick.run()

        assert execution.status == "ABORTED"
        assert (types(execution)[0], types(execution)[-1]) == ("ExecutionStarted", "ExecutionAborted")
        assert execution.events[0]["timestamp"] == execution.record["startDate"]


def test_a_name_is_used_once(bench: Bench) -> None:
    """Two executions of one name would have one ARN."""
    quick = bench.machine(DONE)
    quick.start({}, name="mine")

    with pytest.raises(ExecutionAlreadyExistsError):
        quick.start({}, name="mine")


def test_a_redrive_goes_on_where_the_execution_ended(bench: Bench) -> None:
    """The state gets the input that it had; ARN, start and history stay; the context shows the redrive."""
    seen: list[Any] = []

    def work(event: Any, _: Any) -> str:
        seen.append(event)
        if len(seen) == 1:
            raise LookupError
        return "done"

    bench.function(work)
    parameters = {"Data.$": "$", "Start.$": "$$.Execution.StartTime", "Redriven.$": "$$.Execution.RedriveCount"}
    first = {"Type": "Pass", "Result": {"made": "before"}, "ResultPath": "$.first", "Next": "W"}
    working = bench.machine({"First": first, "W": wait(60, "Work"), "Work": task(Parameters=parameters)})
    execution = working.start({"asked": "for"})
    working.run()
    arn, started = execution.arn, execution.record["startDate"]

    working.redrive(execution, at=bench.clock.now() + 600)
    working.run()

    data = {"asked": "for", "first": {"made": "before"}}
    assert seen == [{"Data": data, "Start": started, "Redriven": count} for count in (0, 1)]
    assert (execution.status, execution.arn, execution.record["startDate"]) == ("SUCCEEDED", arn, started)
    assert execution.states == ["First", "W", "Work", "Work"]
    assert execution.redrive_count == 1
    assert "error" not in execution.record
    redriven = types(execution).index("ExecutionRedriven")
    assert types(execution)[redriven - 1 : redriven + 2] == ["ExecutionFailed", "ExecutionRedriven", "TaskStateEntered"]
    assert [event["id"] for event in execution.events] == list(range(1, len(execution.events) + 1))


def test_a_redrive_counts_retries_from_nothing(bench: Bench) -> None:
    """Each time the task may fail as often as its Retry allows."""
    bench.function(refuse)
    failing = bench.machine({"Work": task(**retry("LookupError", MaxAttempts=2))})
    execution = failing.start({})
    failing.run()

    failing.redrive(execution)
    failing.run()

    assert execution.failures == [("Work", "LookupError")] * 6


def test_a_redrive_fails_again_in_a_fail_state(bench: Bench) -> None:
    """It takes up the state that ended the execution, and that is the Fail state itself."""
    failing = bench.machine({"Failed": {"Type": "Fail", "Error": "Rejected"}})
    execution = failing.start({})
    failing.run()

    failing.redrive(execution)
    failing.run()

    assert execution.states == ["Failed", "Failed"]
    assert execution.error == "Rejected"


def test_a_redrive_has_the_whole_timeout_again(bench: Bench) -> None:
    """What timed out may take as long once more."""
    waiting = bench.machine({"W": wait(200, "V"), "V": wait(200), **DONE}, TimeoutSeconds=300)
    execution = waiting.start({})
    waiting.run()
    assert execution.status == "TIMED_OUT"

    waiting.redrive(execution)
    waiting.run()

    assert execution.status == "SUCCEEDED"
    assert execution.states == ["W", "V", "V", "Done"]


def test_a_redrive_gets_nothing_from_the_function_that_still_runs(bench: Bench) -> None:
    """Stopped at 10 s and redriven at 20 s: the first call answers at 30 s, and the execution takes the second's."""
    calls: list[float] = []

    def work(*_: Any) -> int:
        calls.append(bench.seconds)
        mine = len(calls)
        bench.clock.sleep(30)
        return mine

    bench.function(work)
    working = bench.machine({"Work": task()})
    execution = working.start({})
    working.stop(execution, at=bench.clock.now() + 10)
    working.redrive(execution, at=bench.clock.now() + 20)
    working.run()

    assert calls == [0, 20]
    assert execution.record["output"] == "2"
    assert bench.seconds == 50


def test_a_stop_and_a_redrive_at_one_moment_leave_one_run(bench: Bench) -> None:
    """What was there before the stop goes no further, though the execution runs again."""
    waiting = bench.machine({"W": wait(100), **DONE})
    execution = waiting.start({})
    waiting.run(until=bench.clock.now() + 50)

    waiting.stop(execution)
    waiting.redrive(execution)
    waiting.run()

    assert types(execution).count("ExecutionSucceeded") == 1
    assert bench.seconds == 150


@pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED"])
def test_what_did_not_fail_cannot_be_redriven(bench: Bench, status: str) -> None:
    """Step Functions redrives executions that failed, timed out or were stopped."""
    waiting = bench.machine({"W": wait(100), **DONE})
    execution = waiting.start({})
    waiting.run(until=bench.clock.now() + (50 if status == "RUNNING" else 200))

    with waiting, pytest.raises(ExecutionNotRedrivableError, match=status):
        waiting.redrive(execution)


def test_types_of_states_that_need_threads_are_refused(bench: Bench) -> None:
    """The interpreter runs Parallel and Map in threads that virtual time knows nothing of."""
    with pytest.raises(UnsupportedStateError, match="Map, Parallel"):
        bench.machine({"P": {"Type": "Parallel", "Next": "M"}, "M": {"Type": "Map", "End": True}})


def threads_of(name: str) -> list[str]:
    """Name the threads of tasks that are still there."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(name)]


def test_a_machine_leaves_nothing_behind(bench: Bench) -> None:
    """Once it is closed no thread waits."""
    bench.function(lambda *_: bench.clock.sleep(59))
    with bench.machine({"Work": task()}) as working:
        for number in range(3):
            working.start({}, name=f"left-{number}")
        working.run(until=bench.clock.now() + 10)
        before = threads_of("left-")

    assert len(before) == 6  # an execution and its function each
    assert threads_of("left-") == []


def test_an_error_of_a_task_ends_the_others_too(bench: Bench) -> None:
    """An exception that no function may raise is an error of the test: it is raised where the clock is run."""

    class BrokenError(BaseException):
        """Nothing that Lambda would report."""

    def work(*_: Any) -> None:
        bench.clock.sleep(10)
        raise BrokenError

    bench.function(work)
    working = bench.machine({"Work": task()})
    for number in range(3):
        working.start({}, name=f"broken-{number}")

    with pytest.raises(BrokenError):
        working.run()

    assert threads_of("broken-") == []


def test_what_never_ends_is_ended(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two states that lead to each other stop the clock after so many turns, and leave no thread."""
    monkeypatch.setattr(virtual_clock, "_MOST_SWITCHES", 100)
    endless = bench.machine({"A": wait(1, "B"), "B": wait(1, "A")})
    endless.start({}, name="endless")

    with pytest.raises(ClockStoppedError, match="endless"):
        endless.run()

    assert threads_of("endless") == []


def test_a_task_that_waits_for_something_else_stops_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that another task holds would never be released, for only one task runs at a time."""
    monkeypatch.setattr(virtual_clock, "_TURN_SECONDS", 0.1)
    lock, virtual = threading.Lock(), VirtualClock()
    lock.acquire()
    virtual.spawn(lock.acquire, name="waits")

    with pytest.raises(ClockStoppedError, match="waits"):
        virtual.run()

    lock.release()


def test_a_deadline_within_another_ends_first(bench: Bench) -> None:
    """The nearer one counts, and after it the farther one."""
    virtual = bench.clock
    with virtual.deadline(100):
        with pytest.raises(virtual_clock.DeadlinePassedError), virtual.deadline(10):
            virtual.sleep(50)
        virtual.sleep(50)
        with pytest.raises(virtual_clock.DeadlinePassedError), virtual.deadline(1000):
            virtual.sleep(50)
    virtual.sleep(50)

    assert bench.seconds == 150


def test_one_seed_gives_one_history(make_world: Callable[..., World]) -> None:
    """A run is repeated by its seed, to the order and the time of every event."""
    from local.simulator import Settings  # noqa: PLC0415 - the test's own

    histories = []
    for _ in range(2):
        world = make_world(Settings(lag=30), seed=11)
        event = world.object_created("models/churn/model.tar.gz", "v", "e")
        put = world.s3.put_object(Bucket="artifacts", Key="models/churn/model.tar.gz", Body=b"x")
        event["detail"]["object"]["version-id"] = put["VersionId"]
        execution = world.machine.start(event)
        world.machine.run()
        histories.append([(event["type"], event["timestamp"]) for event in execution.events])

    assert histories[0] == histories[1]


def test_calls_of_the_clock_prolong_no_run(bench: Bench) -> None:
    """A run makes those that are due before its last thread ends; a run until a moment makes the others."""
    called: list[float] = []
    for seconds in (10, 200):
        bench.clock.call_at(1_000_000.0 + seconds, lambda: called.append(bench.seconds), name="call")
    waiting = bench.machine({"W": wait(100), **DONE})
    waiting.start({})

    waiting.run()
    first = [*called]
    waiting.run(until=1_000_300.0)

    assert first == [10]
    assert called == [10, 200]
