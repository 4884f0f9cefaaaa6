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

    from deployer.json_document import Document
    from deployer.planning.draft_state import Draft
    from deployer.request.approval import ApprovalRule

LEAST_WAIT_SECONDS = 90
"""The shortest wait for an answer: longer than the function that announces the request has."""

_CHANGING_ACTIONS = frozenset({Action.CREATE, Action.UPDATE, Action.UPDATE_WEIGHTS})


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


def read_answer(document: object) -> Answer | None:
    """Read the answer to a request for approval; None if there is none yet.

    Raises:
        ApprovalRejectedError: The answer is not an approval.
    """
    try:
        answer = Answer.model_validate(document) if document is not None else None
    except ValidationError:
        raise ApprovalRejectedError(
            "The answer is not understood; it must be a JSON object with Decision (Approve or Reject), By and Comment."
        ) from None  # that error quotes the answer
    if answer and answer.decision == "Reject":
        raise ApprovalRejectedError(f"{answer.by or 'Somebody'} rejected the deployment: {answer.comment or '-'}")
    return answer


def read_again(document: Document, answer: Answer | None, now: datetime) -> Plan:
    """Read the plan that is decided again, with its approval; from that on the deployment has its full time."""
    known = {name: value for name, value in document.items() if name not in {"Answer", "Busy"}}
    if answer and answer.decision == "Approve" and known["Approval"]:
        known["Approval"] = {**known["Approval"], "Answer": answer, "AnsweredAt": now}
    return Plan.model_validate(known)


def approval_to_request(draft: Draft, action: Action, previous: str, now: datetime) -> Approval | None:
    """Return the approval to request for a change of an endpoint; None if it needs none, or has it.

    An approval counts for the change that was announced. If the endpoint serves something else by now, it is requested
    again; `is_announced` says whether it has been. `previous` is the endpoint config that the endpoint serves now.

    Raises:
        ApprovalTimedOutError: Nobody has answered in time.
    """
    approval = draft.approval
    if approval is None or draft.is_dry_run or action not in _CHANGING_ACTIONS | {Action.WAIT}:
        return None
    is_announced = approval.previous == previous
    if approval.answer and (is_announced or action is Action.WAIT):
        return None
    if now >= approval.expires_at:
        raise ApprovalTimedOutError(f"Nobody approved the deployment until {approval.expires_at.isoformat()}.")
    if action is Action.WAIT:
        return None
    is_waiting = is_announced and not approval.answer
    return Approval(expires_at=approval.expires_at, previous=previous, action=action.value, is_announced=is_waiting)
