"""Faults of calls and stopped executions change no outcome of an approval."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectionClosedError

from local.simulator.errors import FunctionKilledError
from local.virtual_time.connections import EntryRefusedError
from tests.machine.approvals import APPROVAL, answer, settle, start
from tests.machine.factories import (
    HOUR,
    deploy,
    request,
    serves,
)

if TYPE_CHECKING:
    from local.virtual_time.world import World


lost_connection = partial(ConnectionClosedError, endpoint_url="https://aws")


def watched_points(world: World) -> list[tuple[str, str]]:
    """Collect the calls of other services than SageMaker, from now on."""
    points: list[tuple[str, str]] = []

    def note(service: str, operation: str, when: str) -> None:
        if when == "before":
            points.append((service, operation))

    world.inject_fault = note
    return points


def deploy_approved(world: World) -> Any:
    """Run an update that waits for its approval, and gets it."""
    execution = start(world, request("b", **APPROVAL))
    answer(world, execution, "Approve")
    return execution


@pytest.mark.parametrize("error", [FunctionKilledError, lost_connection], ids=["killed", "connection lost"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_fault_of_any_call_changes_no_outcome(make_world: Any, error: Any, when: str) -> None:
    """Of S3, EventBridge, Step Functions: while it is planned, stored, asked for and deployed."""
    world = make_world()
    deploy(world, "a")
    points = watched_points(world)
    deploy_approved(world)
    assert {service for service, _ in points} >= {"s3", "events"}

    for number in range(len(points)):
        world = make_world()
        deploy(world, "a")
        inject_once(world, number, when, error)

        execution = deploy_approved(world)

        assert (execution.states[-1], serves(world)) == ("Deployed", "b"), points[number]
        assert world.approvals, points[number]


def inject_once(world: World, number: int, when: str, error: Any) -> None:
    """Let the call of a number go wrong, before or after its effect."""
    counts = {"before": -1, "after": -1}

    def inject(_service: str, _operation: str, moment: str) -> None:
        if moment in counts:
            counts[moment] += 1
            if moment == when and counts[moment] == number:
                raise error()

    world.inject_fault = inject


def test_stopped_execution_is_asked_for_again_when_it_is_redriven(world: World) -> None:
    """The redriven state has another token."""
    deploy(world, "a")
    execution = start(world, request("b", **APPROVAL))
    world.machine.stop(execution)
    world.clock.sleep(HOUR)
    world.machine.redrive(execution)
    settle(world)

    answer(world, execution, "Approve")

    assert (execution.states[-1], serves(world)) == ("Deployed", "b")


def test_bus_that_takes_no_event_ends_the_run_without_a_change(world: World) -> None:
    """Nobody would know that an approval is needed."""
    deploy(world, "a")
    world.clock.sleep(60)

    def refuse(service: str, _operation: str, when: str) -> None:
        if service == "events" and when == "entry":
            raise EntryRefusedError("no")

    world.inject_fault = refuse
    execution = world.run(request("b", **APPROVAL))

    assert execution.states[-1] == "FailedUnannounced"
    assert serves(world) == "a"
