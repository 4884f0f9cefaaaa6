"""Which deployments wait for a person, and what an answer means. Pure.

A person approves one change: this revision in place of what the endpoint served when the approval was requested.
"""

from __future__ import annotations

from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pydantic import ValidationError

from deployer.errors import ApprovalRejectedError, ApprovalTimedOutError
from deployer.planning.approval_state import Answer, Approval
from deployer.planning.plan import Action, Plan
from deployer.request.approval import MOST_HOURS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from deployer.request.approval import ApprovalRule

_LEAST_WAIT_SECONDS = 90
"""The shortest wait for an answer: longer than the function that announces the request has."""

_CHANGING_ACTIONS = frozenset({Action.CREATE, Action.UPDATE})


def required_approval(
    rule: ApprovalRule | None, endpoint_name: str, patterns: Iterable[str], started_at: datetime
) -> Approval | None:
    """Return the approval that a deployment needs; None if it needs none.

    Args:
        rule: What the request asks for.
        endpoint_name: The endpoint.
        patterns: Patterns of the endpoints for which the stack requires approval.
        started_at: When the execution started.
    """
    is_required = (rule is not None and rule.required) or any(fnmatchcase(endpoint_name, each) for each in patterns)
    hours = rule.timeout_hours if rule else MOST_HOURS
    return Approval(expires_at=started_at + timedelta(hours=hours)) if is_required else None


def with_answer(plan: Plan, answer: object, now: datetime) -> Plan:
    """Return a plan with the answer to its request for approval; from an approval on the deployment has its full time.

    Raises:
        ApprovalRejectedError: The answer is not an approval.
    """
    try:
        parsed = Answer.model_validate(answer)
    except ValidationError:
        raise ApprovalRejectedError(
            "The answer is not understood; it must be a JSON object with Decision (Approve or Reject), By and Comment."
        ) from None  # that error quotes the answer
    if parsed.decision == "Supersede":
        return plan.model_copy(update={"action": Action.SUPERSEDED, "reason": parsed.comment})
    if parsed.decision == "Reject":
        raise ApprovalRejectedError(f"{parsed.by or 'Somebody'} rejected the deployment: {parsed.comment or '-'}")
    if plan.approval is None:
        return plan
    approval = plan.approval.model_copy(update={"answer": parsed, "answered_at": now})
    return plan.model_copy(update={"approval": approval, "deadline": now + plan.time_to_deploy})


def require_approval(plan: Plan, now: datetime) -> Plan:
    """Return a plan that waits for a person, if it would change the endpoint and nobody has approved that.

    An approval counts for the change that was announced. If the endpoint serves something else by now, it is requested
    again; `is_announced` says whether it has been.

    Raises:
        ApprovalTimedOutError: Nobody has answered in time.
    """
    approval = plan.approval
    if approval is None or plan.is_dry_run or plan.action not in _CHANGING_ACTIONS | {Action.WAIT}:
        return plan
    is_announced = approval.previous == plan.previous
    if approval.answer and (is_announced or plan.action is Action.WAIT):
        return plan
    if now >= approval.expires_at:
        raise ApprovalTimedOutError(f"Nobody approved the deployment until {approval.expires_at.isoformat()}.")
    if plan.action is Action.WAIT:
        return plan
    requested = Approval(
        expires_at=approval.expires_at, previous=plan.previous, is_announced=is_announced and not approval.answer
    )
    return plan.model_copy(
        update={
            "action": Action.APPROVE,
            "approval": requested,
            "deadline": approval.expires_at + plan.time_to_deploy,
            "wait_seconds": max(plan.wait_seconds, _LEAST_WAIT_SECONDS),
        }
    )
