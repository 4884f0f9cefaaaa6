"""PlanDeployment: turn what started the execution into a checked plan for the endpoint as it is now."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from deployer import clock
from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.planning.approval import require_approval, with_answer
from deployer.planning.choose import Planning, choose_action
from deployer.planning.decisions import check_deadline, wait_seconds
from deployer.planning.draft import draft_deployment
from deployer.planning.plan import Action, Plan
from deployer.planning.preview import Previewing
from deployer.planning.revision import Store
from deployer.planning.rollback import resolve_rollback
from deployer.planning.rollback_alarms import with_whole_alarms
from deployer.planning.settings import Settings
from deployer.runtime import logger, monitoring, objects, sagemaker, scaling, step

if TYPE_CHECKING:
    from deployer.planning.draft_state import Draft

_PLAN_BYTES = 176 * 1024
"""The part of the 256 KiB of an execution's data that a plan may take; later steps add to the rest."""


@step(sagemaker, objects)
def handler(event: Document) -> Document:
    """Return the plan, and raise InvalidRequestError for a request that is wrong before anything is created.

    The draft is made once; when the execution plans again, only the endpoint is looked at anew.
    """
    # Minutes of retries may have passed since the state was entered.
    settings, now = Settings.from_environment(), clock.now()
    store = Store(objects(), settings.artifact_bucket, settings.copy_artifacts)
    started_at = datetime.fromisoformat(event["Execution"]["StartTime"])
    seconds = wait_seconds(settings.poll_interval_seconds, now - started_at)
    planning = Planning(
        sagemaker(),
        monitoring(),
        scaling(),
        store.objects,
        settings.artifact_bucket,
        now,
        seconds,
        settings.execution_role_arn,
    )
    draft: Draft
    action: Action | None
    if "Plan" in event:
        draft, action = _read_plan(event["Plan"], now)
    else:
        draft, action = draft_deployment(event["Input"], event["Execution"], settings, store, planning)
    logger.append_keys(endpoint=draft.endpoint_name)
    decided = (
        planning.decided(draft, action, reason=draft.reason) if action else _decide(draft, planning, store, settings)
    )
    plan = require_approval(decided, now)
    document = _measured(plan)
    if plan.is_dry_run or plan.is_to_announce:
        preview = Previewing(planning.sagemaker, store, settings.retained_revisions).preview(decided)
        return {**document, "Action": (Action.PLANNED if plan.is_dry_run else plan.action).value, "Preview": preview}
    if plan.action in {Action.WAIT, Action.CONFIRM, Action.UPDATE_TAGS}:
        check_deadline(plan.deadline, now, f"Endpoint {plan.endpoint_name} is still busy")
    return document


def _read_plan(state_data: Document, now: datetime) -> tuple[Draft, Action | None]:
    """Return the plan to decide again, and the action if it does not depend on the endpoint.

    A person may have answered who was asked to approve it. Or the endpoint was found changed: then the execution waits
    before it looks again, because a replica may show the endpoint as it was planned.
    """
    added = {name: state_data[name] for name in ("Answer", "Busy") if name in state_data}
    plan = Plan.model_validate({name: value for name, value in state_data.items() if name not in added})
    if "Busy" in added:
        reason = f"Endpoint {plan.endpoint_name} has changed since it was planned"
        return plan.model_copy(update={"reason": reason}), Action.WAIT
    if "Answer" in added:
        plan = with_answer(plan, added["Answer"], now)
        return plan, plan.action if plan.action is Action.SUPERSEDED else None
    return plan, None


def _decide(draft: Draft, planning: Planning, store: Store, settings: Settings) -> Plan:
    if draft.revision is None:
        draft = resolve_rollback(draft, planning, store, settings.allowances)
    if isinstance(draft, Plan) and draft.revision is None:
        return draft
    request = with_whole_alarms(draft.request, settings.rollback_alarms)
    return choose_action(draft.model_copy(update={"request": request}), planning)


def _measured(plan: Plan) -> Document:
    logger.info("Decided", extra={"action": plan.action, "revision": plan.revision, "reason": plan.reason})
    for warning in plan.warnings:
        logger.warning("Planned with a warning", extra={"warning": warning})
    document = plan.model_dump(mode="json", by_alias=True)
    if (size := len(json.dumps(document))) > _PLAN_BYTES:
        raise InvalidRequestError(
            f"request: becomes a plan of {size} bytes, and at most {_PLAN_BYTES} fit the execution's data; "
            "shorten the environment of its containers, or use fewer models"
        )
    return document
