"""PlanDeployment: turn what started the execution into a checked plan for the endpoint as it is now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from deployer.content import compose, existing_models
from deployer.errors import InvalidRequestError
from deployer.hosting import EXECUTION_TAG, STACK_TAG
from deployer.planning import Action, Live, Plan, check_deadline, decide
from deployer.runtime import Document, Settings, artifacts, hosting, step
from deployer.triggers import arrive, receive

if TYPE_CHECKING:
    from deployer.triggers import Received


@step
def handler(event: Document) -> Document:
    """Return the plan, and raise InvalidRequestError for a request that is wrong before anything is created."""
    settings = Settings.from_environment()
    execution = event["Execution"]
    started_at = datetime.fromisoformat(execution["StartTime"])
    arrival = arrive(event["Input"], execution["Name"], started_at, settings.landing)
    received = receive(arrival, artifacts(), settings.landing, settings.allowances)
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
    if received.is_ready:
        plan = _complete(plan, received, settings)
    if plan.action is Action.WAIT:
        check_deadline(
            plan.deadline, datetime.fromisoformat(event["Now"]), f"Endpoint {plan.endpoint_name} is still busy"
        )
    return plan.model_dump(mode="json", by_alias=True)


def _complete(plan: Plan, received: Received, settings: Settings) -> Plan:
    request, sagemaker = received.request, hosting()
    missing = [(path, name) for path, name in existing_models(request) if sagemaker.find_model(name) is None]
    if missing:
        problems = [f"{path}: '{name}' is neither a key of Models nor a model in SageMaker" for path, name in missing]
        raise InvalidRequestError("\n".join(problems))
    tags = {EXECUTION_TAG: plan.execution, STACK_TAG: settings.stack_name}
    content = compose(request, plan.requested_at, settings.defaults, received.sources, tags)
    found = sagemaker.find_endpoint(plan.endpoint_name)
    live = Live.model_validate(found) if found else None
    return plan.model_copy(
        update={
            "action": decide(content.revision, plan.endpoint_name, live),
            "revision": content.revision.name,
            "models": content.models,
            "endpoint_config": content.endpoint_config,
            "deployment_config": request.deployment_config,
            "tags": content.tags,
            "live": live,
        }
    )
