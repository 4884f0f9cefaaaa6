"""The interpreter in virtual time does what Step Functions does."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from ministack.services import stepfunctions

from local.machine import Machine, VirtualClock

if TYPE_CHECKING:
    from pathlib import Path

EXCHANGED = [
    "_scaled_sleep",
    "_find_matching_retrier",
    "_invoke_resource",
    "_invoke_resource_with_timeout",
    "_emit_execution_status_event",
    "_create_state_machine",
    "_run_execution",
    "_executions",
    "_ExecutionError",
    "now_iso",
    "time",
]


@pytest.mark.parametrize("name", EXCHANGED)
def test_ministack_has_what_is_exchanged(name: str) -> None:
    """A new version of MiniStack that is built in another way is noticed here first."""
    assert hasattr(stepfunctions, name)


def machine(tmp_path: Path, states: dict[str, Any], clock: VirtualClock, seed: int = 0) -> Machine:
    """Make a machine of a small definition."""
    path = tmp_path / "definition.asl.json"
    path.write_text(json.dumps({"StartAt": next(iter(states)), "States": states}))
    return Machine(clock, path, seed)


def test_waits_take_virtual_time_only(tmp_path: Path) -> None:
    """A wait of a day passes at once, and the clock shows that it passed."""
    clock = VirtualClock()
    began = clock.now()
    waiting = machine(tmp_path, {"W": {"Type": "Wait", "Seconds": 86400, "Next": "S"}, "S": {"Type": "Succeed"}}, clock)

    execution = waiting.start({})
    waiting.run()

    assert execution.status == "SUCCEEDED"
    assert clock.now() - began == 86400


RETRY = {
    "ErrorEquals": ["InvalidRequestError"],
    "IntervalSeconds": 1,
    "BackoffRate": 2,
    "MaxDelaySeconds": 8,
    "MaxAttempts": 6,
}


def delays(execution: Any) -> list[float]:
    """Tell the seconds between the attempts of a task."""
    moments = [event["timestamp"] for event in execution.events if event["type"] == "TaskScheduled"]
    seconds = [float(moment[-7:-1]) + 60 * int(moment[-10:-8]) for moment in moments]
    return [round(later - earlier, 3) % 3600 for earlier, later in pairwise(seconds)]


@pytest.mark.parametrize("jitter", ["NONE", "FULL"])
def test_retries_grow_to_their_cap(tmp_path: Path, jitter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The delays double up to MaxDelaySeconds; full jitter takes a random part of each."""
    monkeypatch.setattr("local.machine.interpreter.invoke", refuse)
    task = {
        "Type": "Task",
        "Resource": "${PlanDeploymentFunctionArn}",
        "Retry": [{**RETRY, "JitterStrategy": jitter}],
        "End": True,
    }
    retrying = machine(tmp_path, {"PlanDeployment": task}, VirtualClock())

    execution = retrying.start({})
    retrying.run()

    whole = [1, 2, 4, 8, 8, 8]
    assert execution.error == "InvalidRequestError"
    if jitter == "NONE":
        assert delays(execution) == whole
    else:
        assert all(0 <= delay <= most for delay, most in zip(delays(execution), whole, strict=True))
        assert delays(execution) != whole


def refuse(*_: Any) -> None:
    """Fail as a function does."""
    from local.machine.functions import FunctionError  # noqa: PLC0415 - the test's own

    raise FunctionError("InvalidRequestError", "{}")


def test_one_seed_gives_one_history(make_world: Any) -> None:
    """A run is repeated by its seed, to the order and the time of every event."""
    from local.hosting import Settings  # noqa: PLC0415 - the test's own

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
