"""The interpreter's tasks end together, leave nothing behind, and give one history for one seed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from local.virtual_time import (
    ClockStoppedError,
    UnsupportedStateError,
    VirtualClock,
    virtual_clock,
)
from tests.machine.bench import DONE, task, wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World
    from tests.machine.bench import Bench


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


def test_endless_execution_is_ended(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two states that lead to each other stop the clock after so many turns, and leave no thread."""
    monkeypatch.setattr(virtual_clock, "_MOST_SWITCHES", 100)
    endless = bench.machine({"A": wait(1, "B"), "B": wait(1, "A")})
    endless.start({}, name="endless")

    with pytest.raises(ClockStoppedError, match="endless"):
        endless.run()

    assert threads_of("endless") == []


def test_task_that_waits_for_another_lock_stops_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
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
