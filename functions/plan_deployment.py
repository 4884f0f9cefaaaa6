"""PlanDeployment: turn what started the execution into a checked plan for the endpoint as it is now."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from deployer import clock
from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.planning.approval import read_again, read_answer
from deployer.planning.choose import Planning, choose_action
from deployer.planning.decisions import check_deadline, wait_seconds
from deployer.planning.draft import draft_deployment
from deployer.planning.plan import Action, Plan
from deployer.planning.preview import Previewing
from deployer.planning.revision import Store
from deployer.planning.rollback import resolve_rollback
from deployer.planning.settings import Settings
from deployer.runtime import logger, monitoring, objects, sagemaker, scaling, step

if TYPE_CHECKING:
    from deployer.planning.draft_state import Draft

_PLAN_BYTES = 176 * 1024
"""The part of the 256 KiB of an execution's data that a plan may take; later steps add to the rest."""


@step(sagemaker, objects)
def handler(event: Document) -> Document:
    """Return the plan, and raise InvalidRequestError for a request that is wrong before anything is created.

    The draft is made once; when the execution plans again, only the endpoint is looked at again.
    """
    # Minutes of retries may have passed since the state was entered.
    now = clock.now()
    planning = _planning(event, now)
    plan = _plan(event, planning)
    document = _measured(plan)
    if plan.is_dry_run or plan.is_to_announce:
        preview = Previewing(planning.sagemaker, planning.store, planning.settings.retained_revisions).preview(plan)
        return {**document, "Action": (Action.PLANNED if plan.is_dry_run else plan.action).value, "Preview": preview}
    if plan.action in {Action.WAIT, Action.CONFIRM, Action.UPDATE_TAGS}:
        check_deadline(plan.deadline, now, f"Endpoint {plan.endpoint_name} is still busy")
    return document


def _planning(event: Document, now: datetime) -> Planning:
    settings = Settings.from_environment()
    elapsed = now - datetime.fromisoformat(event["Execution"]["StartTime"])
    return Planning(
        sagemaker(),
        monitoring(),
        scaling(),
        Store(objects(), settings.artifact_bucket, settings.copy_artifacts),
        settings,
        now,
        wait_seconds(settings.poll_interval_seconds, elapsed),
    )


def _plan(event: Document, planning: Planning) -> Plan:
    if "Plan" not in event:
        drafted = draft_deployment(event["Input"], event["Execution"], planning)
        logger.append_keys(endpoint=drafted.endpoint_name)
        return drafted if isinstance(drafted, Plan) else _choose(drafted, planning)
    answer = read_answer(event["Plan"].get("Answer"))
    plan = read_again(event["Plan"], answer, planning.now)
    logger.append_keys(endpoint=plan.endpoint_name)
    if "Busy" in event["Plan"] and planning.now < plan.deadline:
        # It waits before it looks again, because a replica may show the endpoint as it was planned.
        reason = f"Endpoint {plan.endpoint_name} has changed since it was planned"
        return planning.decided(plan, Action.WAIT, reason=reason)
    if answer and answer.decision == "Supersede":
        return planning.decided(plan, Action.SUPERSEDED, reason=answer.comment)
    return _choose(plan, planning)


def _choose(draft: Draft, planning: Planning) -> Plan:
    if draft.revision is not None:
        return choose_action(draft, planning)
    target = resolve_rollback(draft, planning)
    return target if isinstance(target, Plan) else choose_action(target, planning)


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
