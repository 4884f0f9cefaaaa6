"""Nothing changes before a person has approved it, if the request or the stack says so."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectionClosedError

from deployer.execution_history import waiting_task
from local.simulator import Settings
from local.simulator.errors import FunctionKilledError
from local.virtual_time.connections import EntryRefusedError
from tests.machine.factories import (
    ANSWERS,
    DAY,
    HOUR,
    calls_of,
    deploy,
    live_revision,
    request,
    rollback,
    run_into,
    serves,
    stored,
    upload,
)

if TYPE_CHECKING:
    from local.virtual_time.world import World

APPROVAL: dict[str, Any] = {"Approval": {"Required": True, "TimeoutHours": 6}}
BY = "arn:aws:iam::111122223333:user/ann"


lost_connection = partial(ConnectionClosedError, endpoint_url="https://aws")


def start(world: World, wanted: Any, seconds: float = 60) -> Any:
    """Start an execution a minute later, and let it come to wait for approval."""
    world.clock.sleep(seconds)
    execution = world.machine.start(wanted)
    run_into(world, execution, "AwaitApproval")
    settle(world)
    return execution


def settle(world: World, seconds: float = 5) -> None:
    """Let the functions that events invoke do their work."""
    world.machine.run(world.clock.now() + seconds)


def answer(world: World, execution: Any, decision: Any, comment: str = "looks right") -> None:
    """Answer as a person does, by the token in the execution's history, and let time pass until all has ended."""
    asked = {"executionArn": execution.arn, "reverseOrder": True, "maxResults": 5}
    task = waiting_task(world.step_functions.call("GetExecutionHistory", asked)["events"])
    given = {"Decision": decision, "By": BY, "Comment": comment} if isinstance(decision, str) else decision
    world.step_functions.call("SendTaskSuccess", {"taskToken": task["TaskToken"], "output": json.dumps(given)})
    world.machine.run()


def test_approved_deployment_is_deployed(world: World) -> None:
    """What is announced says what would change, and how to answer; who approved it, and why, is kept."""
    deploy(world, "a")
    execution = start(world, request("b", **APPROVAL))
    event = world.approvals[-1]
    assert serves(world) == "a"

    answer(world, execution, "Approve")

    assert (execution.states[-1], serves(world)) == ("Deployed", "b")
    assert world.bus[-1]["Approval"] == {"Decision": "Approve", "By": BY, "Comment": "looks right"}
    assert event["Execution"] == execution.arn
    assert event["Revision"] == live_revision(world)
    assert [change["Path"] for change in event["Preview"]["Changes"]]
    assert event["Preview"]["Action"] == "Update"
    assert event["Preview"]["Creates"]["EndpointConfig"] == event["Revision"]
    assert execution.arn in event["Answer"]
    assert "Models" in event["Summary"]
    assert '"' not in event["Summary"]
    record = f"revisions/churn/{live_revision(world)}/approvals/{execution.record['name']}.json"
    assert record in stored(world)


def test_nothing_is_created_before_the_approval(world: World) -> None:
    """The request and its artifact are stored, so that what is approved is what is deployed."""
    world.clock.sleep(60)
    with calls_of(world) as operations:
        start(world, request("a", **APPROVAL))

    assert not [each for each in operations if each.startswith(("Create", "Update", "Delete", "Add"))]
    assert [key for key in stored(world) if key.endswith("/request.json")]


def test_rejected_deployment_changes_nothing(world: World) -> None:
    (first,) = deploy(world, "a")
    execution = start(world, request("b", **APPROVAL))

    answer(world, execution, "Reject", "not on a Friday")

    assert (execution.states[-1], execution.error) == ("Rejected", "ApprovalRejectedError")
    assert live_revision(world) == first
    assert BY in world.bus[-1]["Cause"]
    assert "not on a Friday" in world.bus[-1]["Cause"]


@pytest.mark.parametrize(
    "given", [{}, None, "Approve!", {"Decision": "Approved"}, {"Decision": "Approve", "Sure": True}], ids=str
)
def test_answer_in_another_form_is_no_approval(world: World, given: Any) -> None:
    deploy(world, "a")
    execution = start(world, request("b", **APPROVAL))

    answer(world, execution, given if isinstance(given, dict) else [given])

    assert (execution.states[-1], serves(world)) == ("Rejected", "a")


def test_approval_that_does_not_come_ends_the_wait(world: World) -> None:
    """After TimeoutHours; the person is asked once."""
    deploy(world, "a")
    execution = start(world, request("b", **APPROVAL))
    began = world.clock.now()

    world.machine.run()

    assert (execution.states[-1], execution.error) == ("TimedOut", "ApprovalTimedOutError")
    assert 6 * HOUR - 60 < world.clock.now() - began < 6 * HOUR + 600
    assert len(world.approvals) == 1
    assert serves(world) == "a"


def test_longest_wait_leaves_the_deployment_its_time(make_world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment of eleven hours, approved after 23."""
    monkeypatch.setenv("DEPLOYMENT_TIMEOUT_SECONDS", "43200")
    world = make_world(Settings(update_seconds=11 * HOUR))
    deploy(world, "a")
    execution = start(world, request("b", Approval={}))
    world.machine.run(world.clock.now() + 23 * HOUR)

    answer(world, execution, "Approve")

    assert execution.states[-1] == "Deployed"
    assert len(execution.events) < 25_000


def test_stack_requires_approval_whatever_the_request_says(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the endpoint's name; others deploy by themselves."""
    monkeypatch.setenv("APPROVAL_ENDPOINTS", "prod-*,churn")
    deploy(world, "a", endpoint="fraud")
    execution = start(world, request("a", Approval={"Required": False}))

    answer(world, execution, "Approve")

    assert execution.states[-1] == "Deployed"


def test_rollback_needs_approval_if_it_says_so(world: World) -> None:
    """What the stored request said of its own approval does not count."""
    deploy(world, "a", "b")
    execution = start(world, rollback(**APPROVAL))
    assert serves(world) == "b"

    answer(world, execution, "Approve")

    assert (execution.states[-1], serves(world)) == ("Deployed", "a")


def test_newer_request_supersedes_one_that_waits(world: World) -> None:
    """As soon as it waits itself; the newer one goes on waiting."""
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
    """What was approved was the change from something else."""
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


def test_failed_test_after_the_approval_is_restored(make_world: Any) -> None:
    world = make_world(Settings(broken_models={"/bad:": "cannot predict"}))
    deploy(world, "a")
    execution = start(world, request("bad", SmokeTest=ANSWERS, **APPROVAL))

    answer(world, execution, "Approve")

    assert (execution.states[-1], serves(world)) == ("Failed", "a")


def test_upload_waits_with_its_stored_copy(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep may take the copy of what waits, which is made again."""
    monkeypatch.setenv("APPROVAL_ENDPOINTS", "churn")
    monkeypatch.setenv("UNUSED_RETENTION_HOURS", "2")
    world.clock.sleep(60)
    execution = world.upload("models/churn/model.tar.gz", b"one")
    run_into(world, execution, "AwaitApproval")
    world.clock.sleep(5 * HOUR)
    world.sweeper.start({})
    world.machine.run(world.clock.now() + HOUR)

    answer(world, execution, "Approve")

    assert execution.states[-1] == "Deployed"


def test_nothing_to_do_needs_no_approval(world: World) -> None:
    deploy(world, "a")
    world.clock.sleep(DAY)

    assert world.run(request("a", **APPROVAL)).states[-1] == "NothingToDo"
    assert world.approvals == []


def test_dry_run_needs_no_approval(world: World) -> None:
    assert world.run(request("a", DryRun=True, **APPROVAL)).states[-1] == "Planned"
    assert world.approvals == []


def test_waiting_execution_hides_no_drift(world: World) -> None:
    """It has changed nothing yet."""
    upload(world, b"one")
    start(world, request("b", Approval={}))
    world.simulator.call("DeleteEndpoint", {"EndpointName": "churn"})
    world.clock.sleep(2 * HOUR)
    world.sweeper.start({})
    world.machine.run(world.clock.now() + HOUR)

    assert [event["Kind"] for event in world.drift] == ["EndpointDeleted"]


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
        strike_once(world, number, when, error)

        execution = deploy_approved(world)

        assert (execution.states[-1], serves(world)) == ("Deployed", "b"), points[number]
        assert world.approvals, points[number]


def strike_once(world: World, number: int, when: str, error: Any) -> None:
    """Let the call of a number go wrong, before or after its effect."""
    counts = {"before": -1, "after": -1}

    def strike(_service: str, _operation: str, moment: str) -> None:
        if moment in counts:
            counts[moment] += 1
            if moment == when and counts[moment] == number:
                raise error()

    world.inject_fault = strike


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
