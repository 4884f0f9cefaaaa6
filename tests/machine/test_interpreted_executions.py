"""The interpreter stops, names and redrives executions as Step Functions does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.virtual_time import (
    ExecutionAlreadyExistsError,
    ExecutionDoesNotExistError,
    ExecutionNotRedrivableError,
    VirtualClock,
)
from tests.machine.bench import DONE, retry, task, types, wait
from tests.machine.small_definitions import refuse

if TYPE_CHECKING:
    from tests.machine.bench import Bench


def test_an_execution_that_is_stopped_enters_no_further_state(bench: Bench) -> None:
    """It ends at that moment, with what the one who stopped it says."""
    waiting = bench.machine({"W": wait(1000), **DONE})

    execution = waiting.start({})
    waiting.stop(execution, at=bench.clock.now() + 100, error="Operator", cause="wrong bucket")
    waiting.run()

    assert (execution.status, execution.error, execution.cause) == ("ABORTED", "Operator", "wrong bucket")
    assert types(execution) == ["ExecutionStarted", "WaitStateEntered", "ExecutionAborted"]
    assert bench.seconds == 100


def test_ended_execution_cannot_be_stopped(bench: Bench) -> None:
    """StopExecution then changes nothing."""
    quick = bench.machine(DONE)
    execution = quick.start({})
    quick.run()

    quick.stop(execution)

    assert execution.status == "SUCCEEDED"
    assert types(execution)[-1] == "ExecutionSucceeded"


def test_execution_that_has_not_started_cannot_be_stopped(bench: Bench) -> None:
    """There is no such execution yet."""
    quick = bench.machine(DONE)
    execution = quick.start({}, at=bench.clock.now() + 10)

    with pytest.raises(ExecutionDoesNotExistError):
        quick.stop(execution)


def test_an_execution_can_be_stopped_as_it_starts(bench: Bench) -> None:
    """A start and a stop at one moment, in any order, end as a started and stopped execution."""
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
    """A step that timed out has its whole time again."""
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
    """Threads from before the stop do not go on, although the execution runs again."""
    waiting = bench.machine({"W": wait(100), **DONE})
    execution = waiting.start({})
    waiting.run(until=bench.clock.now() + 50)

    waiting.stop(execution)
    waiting.redrive(execution)
    waiting.run()

    assert types(execution).count("ExecutionSucceeded") == 1
    assert bench.seconds == 150


@pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED"])
def test_execution_that_did_not_fail_cannot_be_redriven(bench: Bench, status: str) -> None:
    """Step Functions redrives executions that failed, timed out or were stopped."""
    waiting = bench.machine({"W": wait(100), **DONE})
    execution = waiting.start({})
    waiting.run(until=bench.clock.now() + (50 if status == "RUNNING" else 200))

    with waiting, pytest.raises(ExecutionNotRedrivableError, match=status):
        waiting.redrive(execution)
