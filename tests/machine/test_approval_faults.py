"""Faults of calls and stopped executions change no outcome of an approval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.simulator.errors import FunctionKilledError
from local.virtual_time.connections import EntryRefusedError
from tests.machine.approvals import APPROVAL, answer, settle, start
from tests.machine.factories import HOUR, deploy, request, serves
from tests.machine.failure_points import inject_once, lost_connection, watched_points

if TYPE_CHECKING:
    from local.virtual_time.world import World


def deploy_approved(world: World) -> Any:
    """Run an update that waits for its approval, and gets it."""
    execution = start(world, request("b", **APPROVAL))
    answer(world, execution, "Approve")
    return execution


@pytest.mark.parametrize("error", [FunctionKilledError, lost_connection], ids=["killed", "connection lost"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_fault_of_any_call_changes_no_outcome(make_world: Any, error: Any, when: str) -> None:
    """Calls of S3, EventBridge and Step Functions fail while the revision is planned, stored, approved and deployed."""
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
    """Without the event, no person would know that an approval is needed."""
    deploy(world, "a")
    world.clock.sleep(60)

    def refuse(service: str, _operation: str, when: str) -> None:
        if service == "events" and when == "entry":
            raise EntryRefusedError("no")

    world.inject_fault = refuse
    execution = world.run(request("b", **APPROVAL))

    assert execution.states[-1] == "FailedUnannounced"
    assert serves(world) == "a"
