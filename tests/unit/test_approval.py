"""Which deployments wait for a person, and what an answer means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deployer.errors import ApprovalRejectedError, ApprovalTimedOutError
from deployer.planning.approval import read_again, read_answer, required_approval
from deployer.planning.approval_state import Approval
from deployer.planning.choose import Planning
from deployer.planning.plan import Action, Before, Plan
from deployer.request.approval import ApprovalRule
from tests.unit.draft_samples import settings
from tests.unit.planning_samples import NOON, at, draft, event_of, plan

if TYPE_CHECKING:
    from deployer.planning.draft_state import Draft

APPROVE = {"Decision": "Approve", "By": "ann", "Comment": "fine"}


ANYTHING: Any = None
"""Adapters that are not called."""


def waiting(approval: Approval | None = None, **changed: Any) -> Draft:
    """Build a draft that needs an approval within six hours; its deployment may take two hours."""
    return draft(approval=approval or Approval(expires_at=at(360)), **changed)


def decided(wanted: Draft, minutes: float = 0, action: Action = Action.UPDATE, previous: str = "old") -> Plan:
    """Decide on a draft some minutes after noon."""
    planning = Planning(ANYTHING, ANYTHING, ANYTHING, ANYTHING, settings(), at(minutes), 60)
    return planning.decided(wanted, action, Before(previous=previous))


def asked() -> Plan:
    """Build a plan whose approval was requested at noon."""
    return decided(waiting())


def answered(plan: Plan, answer: object, minutes: float) -> Plan:
    """Read a plan from the execution's data, with an answer that came some minutes after noon."""
    return read_again({**event_of(plan)["Plan"], "Answer": answer}, read_answer(answer), at(minutes))


def rule(**members: Any) -> ApprovalRule:
    """Build the approval that a request asks for."""
    return ApprovalRule.model_validate(members)


@pytest.mark.parametrize(
    ("asked_for", "patterns", "hours"),
    [
        pytest.param(None, (), None, id="nobody asks for it"),
        pytest.param(rule(Required=False), (), None, id="not required"),
        pytest.param(rule(), (), 24, id="the request"),
        pytest.param(rule(TimeoutHours=6), (), 6, id="the request, soon"),
        pytest.param(None, ("prod-*", "ch?rn"), 24, id="the stack"),
        pytest.param(rule(Required=False, TimeoutHours=1), ("*",), 1, id="the stack, against the request"),
        pytest.param(None, ("prod-*",), None, id="the stack, for others"),
    ],
)
def test_request_or_stack_requires_approval(
    asked_for: ApprovalRule | None, patterns: tuple[str, ...], hours: int | None
) -> None:
    found = required_approval(asked_for, "churn", patterns, NOON)

    assert found == (Approval(expires_at=at(60 * hours)) if hours else None)


@pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE, Action.UPDATE_WEIGHTS])
def test_change_waits_for_approval(action: Action) -> None:
    found = decided(waiting(), action=action, previous="" if action is Action.CREATE else "old")

    assert (found.action, found.change) == (Action.APPROVE, action)
    assert found.is_to_announce
    assert found.wait_seconds >= 90


@pytest.mark.parametrize(
    "action", [each for each in Action if each not in {Action.CREATE, Action.UPDATE, Action.UPDATE_WEIGHTS}]
)
def test_action_that_changes_nothing_needs_no_approval(action: Action) -> None:
    assert decided(waiting(), action=action).action is action


def test_approval_is_announced_once() -> None:
    again = decided(asked(), 10)

    assert again.action is Action.APPROVE
    assert not again.is_to_announce


def test_approved_change_is_made_with_its_full_time() -> None:
    """It counts from the answer."""
    found = decided(answered(asked(), APPROVE, 300), 300)

    assert (found.action, found.change) == (Action.UPDATE, Action.UPDATE)
    assert found.deadline == at(420)


def test_approval_stays_while_another_deployment_has_the_endpoint() -> None:
    found = decided(answered(asked(), APPROVE, 300), 390, Action.WAIT, "")

    assert (found.action, found.approval and found.approval.previous) == (Action.WAIT, "old")


def test_approval_of_another_change_does_not_count() -> None:
    """The endpoint serves something else by now: the person is asked again, and has the time from before."""
    found = decided(answered(asked(), APPROVE, 100), 110, previous="other")

    assert found.action is Action.APPROVE
    assert found.is_to_announce
    assert (found.deadline, found.approval and found.approval.answer) == (at(480), None)


@pytest.mark.parametrize("action", [Action.UPDATE, Action.WAIT])
def test_approval_that_is_missing_when_the_time_is_over_ends_the_run(action: Action) -> None:
    with pytest.raises(ApprovalTimedOutError, match="2026-11-24T18:00"):
        decided(waiting(), 360, action)


def test_rejection_has_the_person_and_the_comment() -> None:
    with pytest.raises(ApprovalRejectedError, match="ann rejected the deployment: not today"):
        read_answer({"Decision": "Reject", "By": "ann", "Comment": "not today"})


@pytest.mark.parametrize("answer", [{}, [], "Approve", {"Decision": "approve"}, {**APPROVE, "Comment": 5}])
def test_answer_in_another_form_is_not_an_approval(answer: object) -> None:
    """It is not repeated in the message, which becomes part of an event."""
    with pytest.raises(ApprovalRejectedError) as caught:
        read_answer(answer)

    assert "xx" not in str(caught.value)


def test_dry_run_needs_no_approval() -> None:
    assert decided(waiting(DryRun=True)).action is Action.UPDATE


def test_answer_without_a_question_changes_nothing() -> None:
    assert answered(plan(), APPROVE, 0) == plan()
