"""Nothing changes before a person has approved it, if the request or the stack says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.simulator import Settings
from tests.machine.approvals import APPROVAL, BY, answer, start
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
)

if TYPE_CHECKING:
    from local.virtual_time.world import World


def test_approved_deployment_is_deployed(world: World) -> None:
    """The event names the change and how to answer it; the approver and the comment are stored."""
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
def test_answer_in_another_form_is_not_an_approval(world: World, given: Any) -> None:
    deploy(world, "a")
    execution = start(world, request("b", **APPROVAL))

    answer(world, execution, given if isinstance(given, dict) else [given])

    assert (execution.states[-1], serves(world)) == ("Rejected", "a")


def test_approval_that_does_not_come_ends_the_wait(world: World) -> None:
    """The wait ends after TimeoutHours; the approval is requested once."""
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


def test_stack_requires_approval_without_regard_to_the_request(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint's name decides; other endpoints need no approval."""
    monkeypatch.setenv("APPROVAL_ENDPOINTS", "prod-*,churn")
    deploy(world, "a", endpoint="fraud")
    execution = start(world, request("a", Approval={"Required": False}))

    answer(world, execution, "Approve")

    assert execution.states[-1] == "Deployed"


def test_rollback_with_approval_waits_for_it(world: World) -> None:
    """The approval rule of the stored request does not count."""
    deploy(world, "a", "b")
    execution = start(world, rollback(**APPROVAL))
    assert serves(world) == "b"

    answer(world, execution, "Approve")

    assert (execution.states[-1], serves(world)) == ("Deployed", "a")


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
