"""PlanDeployment: turn what started the execution into a checked plan for the endpoint as it is now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from deployer.content import EXECUTION_TAG, STACK_TAG, compose, existing_models
from deployer.errors import InvalidRequestError
from deployer.planning import Action, Plan, check_deadline, decide
from deployer.rules import live_problems
from deployer.runtime import Document, Settings, artifacts, hosting, logger, plan_of, step
from deployer.triggers import arrive, receive

if TYPE_CHECKING:
    from deployer.hosting import Hosting
    from deployer.triggers import Received


@step
def handler(event: Document) -> Document:
    """Return the plan, and raise InvalidRequestError for a request that is wrong before anything is created.

    What is to be deployed is settled once; when the execution plans again, only the endpoint is looked at anew.
    """
    is_planned = "Plan" in event["Data"]
    plan = plan_of(event["Data"]) if is_planned else _first_plan(event, Settings.from_environment())
    if plan.revision:
        plan = _decided(plan, hosting())
    if plan.action in {Action.WAIT, Action.CONFIRM}:
        now = datetime.fromisoformat(event["Now"])
        check_deadline(plan.deadline, now, f"Endpoint {plan.endpoint_name} is still busy")
    return plan.model_dump(mode="json", by_alias=True)


def _first_plan(event: Document, settings: Settings) -> Plan:
    """Settle what is to be deployed."""
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
    return _composed(plan, received, settings) if received.is_ready else plan


def _composed(plan: Plan, received: Received, settings: Settings) -> Plan:
    request, sagemaker = received.request, hosting()
    missing = [(path, name) for path, name in existing_models(request) if sagemaker.find_model(name) is None]
    if missing:
        problems = [f"{path}: '{name}' is neither a key of Models nor a model in SageMaker" for path, name in missing]
        raise InvalidRequestError("\n".join(problems))
    tags = {EXECUTION_TAG: plan.execution, STACK_TAG: settings.stack_name}
    content = compose(request, plan.requested_at, settings.defaults, received.sources, tags)
    return plan.model_copy(
        update={
            "revision": content.revision.name,
            "models": content.models,
            "endpoint_config": content.endpoint_config,
            "deployment_config": request.deployment_config,
            "tags": content.tags,
        }
    )


def _decided(plan: Plan, sagemaker: Hosting) -> Plan:
    """Look at the endpoint, and decide what the plan's revision means for it."""
    live = sagemaker.find_live(plan.endpoint_name)
    action = decide(plan.wanted, plan.endpoint_name, live)
    attached = sagemaker.find_endpoint_config(live.endpoint_config_name) if live and action is Action.UPDATE else None
    problems = list(live_problems(plan.endpoint_config, attached, plan.deployment_config)) if attached else []
    if problems:
        raise InvalidRequestError("\n".join(map(str, problems)))
    return plan.model_copy(update={"action": action, "live": live})
