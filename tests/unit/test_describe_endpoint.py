"""DescribeEndpoint: the wait for an endpoint ends when it is in service, or has failed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import describe_endpoint
from deployer.errors import (
    DeploymentTimedOutError,
    EndpointFailedError,
    EndpointNotVisibleError,
    StepFunctionsUnavailableError,
    UpdateRolledBackError,
)
from deployer.json_document import Document
from deployer.planning.choose import choose_action
from local.simulator import Failure, Fault, Settings
from tests.unit.lambda_context import lambda_context
from tests.unit.planning_samples import draft, event_of
from tests.unit.request_samples import percent, routing

if TYPE_CHECKING:
    from botocore.stub import Stubber

    from deployer.planning.plan import Plan
    from tests.unit.planning_account import PlanningAccount

GUARDED = {
    "BlueGreenUpdatePolicy": routing("CANARY", CanarySize=percent(10)),
    "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "churn-5xx"}]},
}


def begin_update(account: PlanningAccount, **changed: Any) -> Plan:
    """Begin to update an endpoint in service."""
    account.serve()
    made = choose_action(draft("b", 10, **changed), account.planning)
    for request in made.model_requests(account.now):
        account.sagemaker.create_model(request)
    account.sagemaker.create_endpoint_config(made.endpoint_config_request(account.now))
    account.sagemaker.update_endpoint(made.update_request(), is_retry=False)
    return made


def look(_account: PlanningAccount, made: Plan) -> Document:
    """Run the step."""
    known = {"RequestedAt": made.requested_at.isoformat(), "LookSeconds": 480}
    event = event_of(made, TaskToken="token-1", **known)
    return describe_endpoint.handler(event, lambda_context("describe_endpoint"))


def expect_success(stub: Stubber) -> None:
    """Let Step Functions take the token."""
    output = {
        "InService": True,
        "EndpointStatus": "InService",
        "Variants": [{"VariantName": "AllTraffic", "Fleet": "Live", "Stage": None, "Weight": 1.0, "InstanceCount": 1}],
        "RequestedAt": "2026-11-24T12:10:00+00:00",
        "LookSeconds": 480,
    }
    stub.add_response("send_task_success", {}, {"taskToken": "token-1", "output": json.dumps(output)})


@pytest.mark.usefixtures("step_functions")
def test_changing_endpoint_does_not_end_the_wait(account: PlanningAccount) -> None:
    made = begin_update(account)
    before = len(account.calls())

    found = look(account, made)

    assert (found["InService"], found["EndpointStatus"]) == (False, "Updating")
    assert {variant["Fleet"] for variant in found["Variants"]} >= {"Live"}
    assert account.calls(before) == ["DescribeEndpoint"]


def test_endpoint_in_service_ends_the_wait_with_its_state(account: PlanningAccount, step_functions: Stubber) -> None:
    made = begin_update(account)
    account.sleep(10)
    expect_success(step_functions)

    found = look(account, made)

    assert (found["InService"], found["EndpointStatus"]) == (True, "InService")


def test_wait_that_has_ended_meanwhile_is_not_an_error(account: PlanningAccount, step_functions: Stubber) -> None:
    """An event woke it, or its time was over; the next look gives the same result."""
    made = begin_update(account)
    account.sleep(10)
    step_functions.add_client_error("send_task_success", "TaskTimedOut")

    assert look(account, made)["InService"]


def test_token_that_cannot_be_sent_is_sent_again(account: PlanningAccount, step_functions: Stubber) -> None:
    made = begin_update(account)
    account.sleep(10)
    step_functions.add_client_error("send_task_success", "ThrottlingException", http_status_code=400)

    with pytest.raises(StepFunctionsUnavailableError):
        look(account, made)


@pytest.mark.usefixtures("step_functions")
def test_endpoint_that_failed_raises_with_its_reason(account: PlanningAccount) -> None:
    account.simulator.settings = Settings(failure_reasons={"*": "No capacity."})
    made = account.serve(is_deployed=False)

    with pytest.raises(EndpointFailedError, match=r"^Endpoint churn is Failed: No capacity\.$"):
        look(account, made)


@pytest.mark.usefixtures("step_functions")
def test_endpoint_that_is_still_changing_at_the_deadline_times_out(account: PlanningAccount) -> None:
    account.simulator.settings = Settings(update_seconds=8 * 3600)
    made = begin_update(account)
    account.sleep(121)

    with pytest.raises(DeploymentTimedOutError, match=r"^Endpoint churn is still Updating at the deadline, .* UTC\.$"):
        look(account, made)


@pytest.mark.usefixtures("step_functions")
def test_replica_that_lags_does_not_look_like_a_rollback(account: PlanningAccount) -> None:
    made = begin_update(account)
    account.simulator.settings = Settings(faults=(Fault("DescribeEndpoint", "stale"),))

    with pytest.raises(EndpointNotVisibleError, match="shows no sign of the update yet"):
        look(account, made)


def roll_back(account: PlanningAccount, *, has_reason: bool) -> Plan:
    """Let SageMaker roll an update back."""
    account.put_alarm("churn-5xx")
    failure = Failure("churn-20261124T121000", "Baking", "An alarm." if has_reason else "")
    account.simulator.settings = Settings(failures=(failure,), empties_failure_reason=not has_reason)
    made = begin_update(account, DeploymentConfig=GUARDED)
    account.sleep(60)
    return made


@pytest.mark.usefixtures("step_functions")
def test_rollback_raises_with_the_reason_of_sagemaker(account: PlanningAccount) -> None:
    made = roll_back(account, has_reason=True)

    with pytest.raises(UpdateRolledBackError, match=rf"^Endpoint churn serves {made.previous} again: An alarm\.$"):
        look(account, made)


@pytest.mark.usefixtures("step_functions")
@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("ALARM", "In state ALARM: churn-5xx."),
        ("OK", "SageMaker gives no reason; see its logs and alarms."),
    ],
)
def test_rollback_without_a_reason_is_explained_by_the_alarms(
    account: PlanningAccount, state: str, reason: str
) -> None:
    made = roll_back(account, has_reason=False)
    account.cloudwatch.set_alarm_state(AlarmName="churn-5xx", StateValue=state, StateReason="a test says so")

    with pytest.raises(UpdateRolledBackError) as rolled_back:
        look(account, made)

    assert str(rolled_back.value) == f"Endpoint churn serves {made.previous} again: {reason}"
