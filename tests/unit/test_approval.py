"""Which deployments wait for a person, and what an answer means."""

from __future__ import annotations

from typing import Any

import pytest

from deployer.errors import ApprovalRejectedError, ApprovalTimedOutError
from deployer.planning.approval import require_approval, required_approval, with_answer
from deployer.planning.approval_state import Approval
from deployer.planning.plan import Action, Plan
from deployer.request.approval import ApprovalRule
from tests.unit.planning_samples import NOON, at, plan

APPROVE = {"Decision": "Approve", "By": "ann", "Comment": "fine"}


def planned(action: Action = Action.UPDATE, minutes: float = 0, **changed: Any) -> Plan:
    """Build a plan that needs an approval within six hours; its deployment may take two hours."""
    return plan(minutes=minutes, action=action, approval=Approval(expires_at=at(360)), deadline=at(480), **changed)


def asked(**changed: Any) -> Plan:
    """Build a plan whose approval was requested at noon."""
    return require_approval(planned(**changed), NOON)


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


@pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE])
def test_change_waits_for_approval(action: Action) -> None:
    found = require_approval(planned(action), NOON)

    assert found.action is Action.APPROVE
    assert found.is_to_announce
    assert found.wait_seconds >= 90


@pytest.mark.parametrize("action", [each for each in Action if each not in {Action.CREATE, Action.UPDATE}])
def test_action_that_changes_nothing_needs_no_approval(action: Action) -> None:
    assert require_approval(planned(action), NOON).action is action


def test_approval_is_announced_once() -> None:
    again = require_approval(asked().model_copy(update={"action": Action.UPDATE}), at(10))

    assert again.action is Action.APPROVE
    assert not again.is_to_announce


def test_approved_change_is_made_with_its_full_time() -> None:
    """It counts from the answer."""
    approved = with_answer(asked(), APPROVE, at(300))

    found = require_approval(approved.model_copy(update={"action": Action.UPDATE}), at(300))

    assert found.action is Action.UPDATE
    assert (found.deadline, found.time_to_deploy) == (at(420), at(120) - NOON)


def test_approval_stays_while_another_deployment_has_the_endpoint() -> None:
    approved = with_answer(asked(), APPROVE, at(300)).model_copy(update={"action": Action.WAIT, "previous": ""})

    assert require_approval(approved, at(390)).action is Action.WAIT


def test_approval_of_another_change_does_not_count() -> None:
    """The endpoint serves something else by now: the person is asked again, and has the time from before."""
    approved = with_answer(asked(), APPROVE, at(100))

    found = require_approval(approved.model_copy(update={"action": Action.UPDATE, "previous": "other"}), at(110))

    assert found.action is Action.APPROVE
    assert found.is_to_announce
    assert (found.deadline, found.approval and found.approval.answer) == (at(480), None)


@pytest.mark.parametrize("action", [Action.UPDATE, Action.WAIT])
def test_approval_that_is_missing_when_the_time_is_over_ends_the_run(action: Action) -> None:
    with pytest.raises(ApprovalTimedOutError, match="2026-11-24T18:00"):
        require_approval(planned(action), at(360))


def test_rejection_has_the_person_and_the_comment() -> None:
    with pytest.raises(ApprovalRejectedError, match="ann rejected the deployment: not today"):
        with_answer(asked(), {"Decision": "Reject", "By": "ann", "Comment": "not today"}, NOON)


@pytest.mark.parametrize("answer", [{}, [], "Approve", {"Decision": "approve"}, {**APPROVE, "Comment": 5}])
def test_answer_in_another_form_is_no_approval(answer: object) -> None:
    """It is not repeated in the message, which becomes part of an event."""
    with pytest.raises(ApprovalRejectedError) as caught:
        with_answer(asked(), answer, NOON)

    assert "xx" not in str(caught.value)


def test_newer_request_that_waits_supersedes() -> None:
    found = with_answer(asked(), {"Decision": "Supersede", "Comment": "A newer one waits"}, NOON)

    assert (found.action, found.reason) == (Action.SUPERSEDED, "A newer one waits")


def test_dry_run_needs_no_approval() -> None:
    assert require_approval(planned(DryRun=True), NOON).action is Action.UPDATE


def test_answer_without_a_question_changes_nothing() -> None:
    assert with_answer(plan(), APPROVE, NOON) == plan()
