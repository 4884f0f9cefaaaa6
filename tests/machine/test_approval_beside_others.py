"""What a waiting approval means for other requests, for events and for a changed endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.machine.approvals import APPROVAL, answer, settle, start
from tests.machine.factories import (
    HOUR,
    deploy,
    live_revision,
    request,
    run_into,
    serves,
    upload,
)

if TYPE_CHECKING:
    import pytest

    from local.virtual_time.world import World


def test_newer_request_supersedes_one_that_waits(world: World) -> None:
    """The older one ends once the newer one waits for approval; the newer one goes on waiting."""
    deploy(world, "a")
    older = start(world, request("b", **APPROVAL))
    newer = start(world, request("c", **APPROVAL))

    assert (older.states[-1], newer.status) == ("Superseded", "RUNNING")
    answer(world, newer, "Approve")
    assert serves(world) == "c"


def test_older_request_that_comes_late_does_not_supersede(world: World) -> None:
    """It is superseded by the newer one that waits."""
    deploy(world, "a")
    world.clock.sleep(60)
    late = world.requested(request("b", **APPROVAL))
    newer = start(world, request("c", **APPROVAL))
    older = world.machine.start(late)
    settle(world, 30)

    assert (older.states[-1], newer.status) == ("Superseded", "RUNNING")


def test_newer_deployment_supersedes_one_that_waits(world: World) -> None:
    """One that needs no approval; the execution notices when it looks."""
    deploy(world, "a")
    older = start(world, request("b", **APPROVAL))
    deploy(world, "c")
    world.machine.run()

    assert (older.states[-1], serves(world)) == ("Superseded", "c")


def test_overwritten_upload_is_superseded_while_it_waits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPROVAL_ENDPOINTS", "churn")
    world.clock.sleep(60)
    execution = world.upload("models/churn/model.tar.gz", b"one")
    run_into(world, execution, "AwaitApproval")
    world.s3.put_object(Bucket="artifacts", Key="models/churn/model.tar.gz", Body=b"two")
    world.machine.run()

    assert execution.states[-1] == "Superseded"


def test_approval_is_requested_again_if_the_endpoint_has_changed(world: World) -> None:
    """The approval was for a change from another config."""
    deploy(world, "a")
    execution = start(world, request("b", **APPROVAL))
    variants = world.simulator.resources()["EndpointConfigs"][live_revision(world)]["ProductionVariants"]
    call = world.simulator.call
    call("CreateEndpointConfig", {"EndpointConfigName": "by-hand", "ProductionVariants": variants})
    call("UpdateEndpoint", {"EndpointName": "churn", "EndpointConfigName": "by-hand"})
    world.machine.run(world.clock.now() + HOUR)

    assert [event["Previous"] for event in world.approvals][1:] == ["by-hand"]
    answer(world, execution, "Approve")
    assert serves(world) == "b"


def test_event_of_the_endpoint_does_not_answer_for_a_person(world: World) -> None:
    """WakeExecution wakes executions that wait for the endpoint, and no others."""
    deploy(world, "a")
    execution = start(world, request("b", **APPROVAL))
    world.simulator.set_status("churn", "SystemUpdating", seconds=60)
    world.machine.run(world.clock.now() + HOUR)

    assert execution.status == "RUNNING"
    answer(world, execution, "Approve")
    assert serves(world) == "b"


def test_two_copies_of_an_event_need_one_approval(world: World) -> None:
    """The other one finds that there is nothing to do."""
    deploy(world, "a")
    world.clock.sleep(60)
    event = world.requested(request("b", **APPROVAL))
    first, second = (start(world, event, 0) for _ in range(2))

    answer(world, first, "Approve")

    assert (first.states[-1], second.states[-1]) == ("Deployed", "NothingToDo")


def test_waiting_execution_hides_no_drift(world: World) -> None:
    """It has changed nothing yet."""
    upload(world, b"one")
    start(world, request("b", Approval={}))
    world.simulator.call("DeleteEndpoint", {"EndpointName": "churn"})
    world.clock.sleep(2 * HOUR)
    world.sweeper.start({})
    world.machine.run(world.clock.now() + HOUR)

    assert [event["Kind"] for event in world.drift] == ["EndpointDeleted"]
