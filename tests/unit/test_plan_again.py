"""PlanDeployment after a change of the endpoint was refused: the execution waits before it looks again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import plan_deployment
from deployer.errors import DeploymentTimedOutError
from deployer.planning.plan import Action, Plan
from tests.unit.lambda_context import lambda_context
from tests.unit.planning_samples import EXECUTION, NOON, event_of
from tests.unit.request_samples import REGISTRY, request

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount

pytestmark = pytest.mark.usefixtures("step_functions")

STARTED = {"Id": EXECUTION, "Name": "run-1", "StartTime": NOON.isoformat()}
SMALL = {"Models": {"m": {"PrimaryContainer": {"Image": f"{REGISTRY}/churn:1"}}}}
REFUSAL = {"Error": "EndpointBusyError", "Cause": "{}"}


def plan_first() -> Plan:
    """Plan the deployment of a request."""
    event = {"Input": request(**SMALL), "Execution": STARTED}
    return Plan.model_validate(plan_deployment.handler(event, lambda_context("plan_deployment")))


def plan_after_refusal(before: Plan) -> Plan:
    """Plan again, after the endpoint was found changed."""
    event = event_of(before, Execution=STARTED)
    event["Plan"]["Busy"] = REFUSAL
    return Plan.model_validate(plan_deployment.handler(event, lambda_context("plan_deployment")))


@pytest.mark.parametrize(("minutes", "seconds"), [(0, 30), (15, 112), (30, 225), (118, 120)])
def test_execution_waits_for_the_time_that_is_left_without_a_call(
    account: PlanningAccount, minutes: float, seconds: int
) -> None:
    """What the wait takes is decided when it begins, and not by the plan of minutes ago."""
    first = plan_first()
    account.sleep(minutes)
    before = len(account.calls())

    again = plan_after_refusal(first)

    assert (again.action, again.wait_seconds) == (Action.WAIT, seconds)
    assert again.reason == "Endpoint churn has changed since it was planned"
    assert (again.revision, again.model_names) == (first.revision, first.model_names)
    assert account.calls(before) == []


def test_request_fulfilled_by_the_deadline_does_not_time_out(account: PlanningAccount) -> None:
    first = plan_first()
    account.bring_into_service(first)
    account.sleep(180)

    assert plan_after_refusal(first).action is Action.NOTHING_TO_DO


def test_endpoint_that_is_busy_after_the_deadline_is_a_timeout(account: PlanningAccount) -> None:
    first = plan_first()
    account.sleep(180)
    account.serve(is_deployed=False)

    with pytest.raises(DeploymentTimedOutError, match="is still busy at the deadline"):
        plan_after_refusal(first)
