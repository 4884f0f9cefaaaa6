"""PlanDeployment: turn what started the execution into a checked plan for the endpoint as it is now."""

from __future__ import annotations

from datetime import datetime, timedelta

from deployer.planning.drafting import Drafting
from deployer.planning.plan import Action, Plan, check_deadline
from deployer.planning.triggers import arrive, receive
from deployer.runtime import Document, Settings, artifacts, hosting, logger, monitoring, plan_of, step


@step
def handler(event: Document) -> Document:
    """Return the plan, and raise InvalidRequestError for a request that is wrong before anything is created.

    What is to be deployed is settled once; when the execution plans again, only the endpoint is looked at anew.
    """
    settings, now = Settings.from_environment(), datetime.fromisoformat(event["Now"])
    drafting = _drafting(settings)
    plan = plan_of(event["Data"]) if "Plan" in event["Data"] else None
    if plan is None or not plan.revision:
        plan = _settled(event, settings, drafting, now)
    else:
        drafting = _drafting(settings, plan)
    if plan.revision:
        plan = drafting.decided(plan, now)
    if plan.action in {Action.WAIT, Action.CONFIRM}:
        check_deadline(plan.deadline, now, f"Endpoint {plan.endpoint_name} is still busy")
    return plan.model_dump(mode="json", by_alias=True)


def _drafting(settings: Settings, plan: Plan | None = None) -> Drafting:
    return Drafting(hosting(plan), monitoring(), settings.defaults, settings.allowances, settings.stack_name)


def _settled(event: Document, settings: Settings, drafting: Drafting, now: datetime) -> Plan:
    execution = event["Execution"]
    started_at = datetime.fromisoformat(execution["StartTime"])
    arrival = arrive(event["Input"], execution["Name"], started_at, settings.landing)
    logger.append_keys(endpoint=arrival.endpoint_name)
    received = receive(arrival, artifacts(), settings.landing, settings.allowances)
    logger.append_keys(endpoint=received.request.endpoint_name)
    plan = Plan(
        action=Action.SUPERSEDED if received.is_overwritten else Action.AWAITING_ARTIFACT,
        execution=execution["Id"],
        request_id=arrival.request_id,
        endpoint_name=received.request.endpoint_name,
        requested_at=arrival.requested_at,
        started_at=started_at,
        deadline=started_at + timedelta(seconds=settings.deployment_timeout_seconds),
        poll_seconds=settings.poll_interval_seconds,
    )
    return drafting.settled(plan, received, now) if received.is_ready else plan
