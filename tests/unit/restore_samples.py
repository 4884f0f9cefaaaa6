"""Deployments that failed, and their restoration."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from deployer.cleanup.restore import Restoration
from deployer.json_document import Document
from tests.unit.planning_samples import (
    NOON,
    draft,
    plan,
)

if TYPE_CHECKING:
    from deployer.planning.plan import Plan
    from tests.unit.planning_account import PlanningAccount


PROVEN_FAILURE, INCONCLUSIVE = "SmokeTestFailedError", "SageMakerUnavailableError"


def restoration(made: Plan, error: str = PROVEN_FAILURE, requested_at: datetime | None = NOON) -> Restoration:
    """Build the restoration of a run's endpoint, whose change was requested at noon."""
    return Restoration(made, error, requested_at)


def restore(account: PlanningAccount, made: Plan, error: str = PROVEN_FAILURE, *, is_requested: bool = True) -> Any:
    """Take the steps of a restoration until it is done; return what the last one reported."""
    report: Document | None = None
    run = restoration(made, error, account.now - timedelta(minutes=10) if is_requested else None)
    while report is None or not report["Done"]:
        account.clock.sleep(report["PollSeconds"] if report else 0)
        report = run.take_step(account.sagemaker, account.store.weights, account.now, report)
    return report


def pending(account: PlanningAccount, minutes: float = 30, **changed: Any) -> Plan:
    """Deploy a second revision that is not recorded as deployed, as the run does whose restoration is tested."""
    return account.bring_into_service(draft("new", minutes, **changed), is_deployed=False)


def endpoint(account: PlanningAccount) -> tuple[str, str] | None:
    """Return the endpoint's status, and the config that it has; None if there is no endpoint."""
    found = account.sagemaker.find_endpoint("churn")
    return (found["EndpointStatus"], found["EndpointConfigName"]) if found else None


def config_arn(account: PlanningAccount, made: Plan) -> str:
    """Return the ARN of a plan's endpoint config."""
    return str(account.sagemaker.describe_endpoint_config(made.wanted.name)["EndpointConfigArn"])


MADE = plan("new", -10)
