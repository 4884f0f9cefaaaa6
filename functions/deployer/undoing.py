"""How a deployment is taken back: the endpoint first, then its config, then the models."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from deployer.errors import DeploymentSupersededError, DeploymentTimedOutError, EndpointBusyError
from deployer.planning import WAITING_STATUSES

if TYPE_CHECKING:
    from deployer.hosting import Hosting
    from deployer.planning import Plan

_PATIENCE = timedelta(hours=2)
"""How long an endpoint may take to go back to its previous config, or away."""

_CLOCK_SKEW = timedelta(minutes=5)

_TIMED_OUT = DeploymentTimedOutError.__name__
_SUPERSEDED = DeploymentSupersededError.__name__

_VISIBILITY_SECONDS = 120
"""How long what another run has just done may stay invisible; SageMaker publishes no figure."""


def wait_for_others(plan: Plan, now: datetime) -> dict[str, Any]:
    """Put the first step off: another run is under way, and what it relies on may not be visible yet."""
    return {
        "Done": False,
        "Left": [],
        "Until": (now + _PATIENCE).isoformat(),
        "PollSeconds": max(_VISIBILITY_SECONDS, plan.poll_seconds),
    }


def undo(plan: Plan, sagemaker: Hosting, now: datetime, before: dict[str, Any], error: str) -> dict[str, Any]:
    """Take a step towards the account as it was before the run.

    What others use stays: a resource that this run created can only be used by something that was made or changed
    after the run began, so that is all that has to be looked at.

    Args:
        plan: What the run was going to do.
        sagemaker: The adapter, on behalf of the run.
        now: What time it is.
        before: What this function returned last.
        error: What the run failed with. After a timeout the endpoint stays as SageMaker has it. A revision that was
            live until a newer one came is history, and stays for as long as other revisions do.

    Returns:
        `Done`, whether that was the last step; `Left`, the names of what stays behind; `Until`, when patience ends.
    """
    until = datetime.fromisoformat(before["Until"]) if "Until" in before else now + _PATIENCE
    is_settled = error == _TIMED_OUT or now > until or _settle_endpoint(plan, sagemaker)
    left = _remove_unused(plan, sagemaker) if is_settled and error != _SUPERSEDED else []
    return {"Done": is_settled, "Left": left, "Until": until.isoformat(), "PollSeconds": plan.poll_seconds}


def _settle_endpoint(plan: Plan, sagemaker: Hosting) -> bool:
    """Bring the endpoint back to what it was; tell whether it is there, or can never be."""
    endpoint = sagemaker.find_endpoint(plan.endpoint_name)
    if endpoint is None or not _is_of_this_run(endpoint, plan, sagemaker):
        return True
    if endpoint["EndpointStatus"] in WAITING_STATUSES:
        return False
    with suppress(EndpointBusyError):
        if plan.live is None:
            sagemaker.delete_endpoint(plan.endpoint_name)
        elif endpoint["EndpointStatus"] == "InService" and sagemaker.find_endpoint_config(
            plan.live.endpoint_config_name
        ):
            sagemaker.go_back(plan.endpoint_name, plan.live.endpoint_config_name)
        else:
            # UpdateRollbackFailed, for one, is a mixed fleet that still serves: nothing to touch by a machine.
            return True
    return False


def _is_of_this_run(endpoint: dict[str, Any], plan: Plan, sagemaker: Hosting) -> bool:
    """Tell whether the endpoint has, or is getting, the config of this run."""
    pending = endpoint.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
    if plan.revision not in {endpoint["EndpointConfigName"], pending}:
        return False
    if plan.live is None:
        return sagemaker.made_by_this_execution(endpoint["EndpointArn"])
    config = sagemaker.find_endpoint_config(plan.revision)
    return config is not None and sagemaker.made_by_this_execution(config["EndpointConfigArn"])


def _remove_unused(plan: Plan, sagemaker: Hosting) -> list[str]:
    """Delete the config and the models that this run created; return the names of those that something uses."""
    since = plan.started_at - _CLOCK_SKEW
    left: list[str] = []
    config = sagemaker.find_endpoint_config(plan.revision)
    # What cannot be seen was created a moment ago, or not at all; deleting it by its name settles both.
    if config is None or sagemaker.made_by_this_execution(config["EndpointConfigArn"]):
        if _is_attached(plan.revision, sagemaker, since):
            left.append(plan.revision)
        else:
            sagemaker.delete_endpoint_config(plan.revision)
    elif config:
        # Another execution of the same request made it, and its models with it.
        return left
    models = {model["ModelName"]: sagemaker.find_model(model["ModelName"]) for model in plan.models}
    since = min([since, *(model["CreationTime"] for model in models.values() if model and _is_recent(model, since))])
    used = _models_in_use(sagemaker, since, None if left else plan.revision)
    for name, model in models.items():
        if model and not (_is_recent(model, since) and sagemaker.made_by_this_execution(model["ModelArn"])):
            continue
        if name in used:
            left.append(name)
        else:
            sagemaker.delete_model(name)
    return left


def _is_recent(model: dict[str, Any], since: datetime) -> bool:
    """Tell whether a model was created during this deployment, or during one that ran beside it."""
    return bool(model["CreationTime"] >= since - _PATIENCE)


def _is_attached(config_name: str, sagemaker: Hosting, since: datetime) -> bool:
    for endpoint in sagemaker.endpoints_changed_since(since):
        pending = endpoint.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
        if config_name in {endpoint["EndpointConfigName"], pending}:
            return True
    return False


def _models_in_use(sagemaker: Hosting, since: datetime, deleted: str | None) -> set[str]:
    """Return the models of every config that was created since, but for the one that was just deleted."""
    return {
        variant["ModelName"]
        for config in sagemaker.configs_created_since(since)
        if config["EndpointConfigName"] != deleted
        for kind in ("ProductionVariants", "ShadowProductionVariants")
        for variant in config.get(kind, [])
        if "ModelName" in variant
    }
