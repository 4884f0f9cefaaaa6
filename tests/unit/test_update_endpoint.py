"""UpdateEndpoint: the update begins only if the endpoint is as it was planned."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

import update_endpoint
from deployer.aws.monitoring import Monitoring
from deployer.errors import (
    AccessDeniedError,
    ChangeUncertainError,
    DeploymentTimedOutError,
    EndpointBusyError,
    SageMakerRejectedError,
)
from deployer.json_document import Document
from deployer.planning.choose import choose_action
from deployer.planning.decisions import first_look_seconds
from deployer.planning.plan import Action, Plan
from local.simulator import Fault, Settings
from tests.unit.endpoint_changes import confirm, delete
from tests.unit.lambda_context import lambda_context
from tests.unit.planning_samples import EXECUTION, draft, event_of
from tests.unit.request_samples import percent, routing

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount

pytestmark = pytest.mark.usefixtures("step_functions")


def prepare(account: PlanningAccount, image: str = "b", minutes: float = 10, **changed: Any) -> Plan:
    """Plan an update, and create its models and its config."""
    made = choose_action(draft(image, minutes, **changed), account.planning)
    for request in made.model_requests(account.now):
        account.sagemaker.create_model(request)
    account.sagemaker.create_endpoint_config(made.endpoint_config_request(account.now))
    return made


def update(account: PlanningAccount, made: Plan, retries: int = 0) -> Document:
    """Run the step."""
    event = event_of(made, Now=account.now.isoformat(), RetryCount=retries)
    return update_endpoint.handler(event, lambda_context("update_endpoint"))


def served_or_pending(account: PlanningAccount) -> set[str]:
    """Return the config of the endpoint, and the one that it is changing to."""
    endpoint = account.sagemaker.describe_endpoint("churn")
    return {endpoint["EndpointConfigName"], endpoint.get("PendingDeploymentSummary", {}).get("EndpointConfigName", "")}


def test_endpoint_that_is_as_planned_is_updated_with_three_calls(account: PlanningAccount) -> None:
    account.serve()
    made = prepare(account)
    before = len(account.calls())

    answer = update(account, made)

    assert account.calls(before) == ["DescribeEndpoint", "ListTags", "UpdateEndpoint"]
    assert made.revision in served_or_pending(account)
    assert datetime.fromisoformat(answer["RequestedAt"]) == account.now
    assert answer["LookSeconds"] == first_look_seconds(made.deadline, account.now)


def test_endpoint_made_by_hand_is_updated(account: PlanningAccount) -> None:
    served = account.serve()
    config = account.sagemaker.describe_endpoint_config(served.wanted.name)
    by_hand = {"EndpointConfigName": "by-hand", "ProductionVariants": config["ProductionVariants"]}
    account.sagemaker.create_endpoint_config(by_hand)
    account.sagemaker.update_endpoint({"EndpointName": "churn", "EndpointConfigName": "by-hand"}, is_retry=False)
    account.sleep(10)
    made = prepare(account)

    update(account, made)

    assert made.revision in served_or_pending(account)


def deploy_newer(account: PlanningAccount) -> None:
    """Let a newer request be served."""
    account.serve("c", 20)


def deploy_pending(account: PlanningAccount) -> None:
    """Let another request be tested."""
    account.serve("c", 5, is_deployed=False)


def begin_another(account: PlanningAccount) -> None:
    """Let another request be on its way."""
    made = prepare(account, "c", 5)
    account.sagemaker.update_endpoint(made.update_request(), is_retry=False)


@pytest.mark.parametrize("retries", [0, 1], ids=["tried first", "tried again"])
@pytest.mark.parametrize("change", [deploy_newer, deploy_pending, begin_another, confirm, delete])
def test_endpoint_that_is_not_as_planned_is_planned_again(account: PlanningAccount, change: Any, retries: int) -> None:
    account.serve()
    made = prepare(account)
    change(account)
    before = account.calls().count("UpdateEndpoint")

    with pytest.raises(EndpointBusyError, match=r"^Endpoint churn is not as it was planned\.$"):
        update(account, made, retries)

    assert account.calls().count("UpdateEndpoint") == before


def test_update_that_this_run_began_before_its_answer_was_lost_is_not_requested_again(
    account: PlanningAccount,
) -> None:
    account.serve()
    made = prepare(account)
    first = update(account, made)
    before = len(account.calls())

    second = update(account, made, retries=1)

    assert first["RequestedAt"] <= second["RequestedAt"] <= account.now.isoformat()
    assert account.calls(before) == ["DescribeEndpoint"]


def test_same_update_that_another_run_began_is_planned_again(account: PlanningAccount) -> None:
    account.serve()
    made = prepare(account)
    account.sagemaker.update_endpoint(made.update_request(), is_retry=False)

    with pytest.raises(EndpointBusyError):
        update(account, made)


def resumed(account: PlanningAccount) -> Plan:
    """Plan to resume what this run left pending."""
    account.serve()
    account.bring_into_service(draft("b", 10, execution=EXECUTION), is_deployed=False)
    account.sleep(30)
    return choose_action(draft("b", 10), account.planning)


def test_resumed_run_finds_its_update_done(account: PlanningAccount) -> None:
    made = resumed(account)
    before = len(account.calls())

    answer = update(account, made)

    assert (made.action, account.calls(before)) == (Action.RESUME, ["DescribeEndpoint"])
    assert datetime.fromisoformat(answer["RequestedAt"]) < account.now


def test_resumed_run_whose_update_was_taken_back_is_planned_again(account: PlanningAccount) -> None:
    made = resumed(account)
    account.serve("c", 20)

    with pytest.raises(EndpointBusyError):
        update(account, made)


def test_update_is_not_begun_after_the_deadline(account: PlanningAccount) -> None:
    account.serve()
    made = prepare(account)
    account.sleep(180)

    with pytest.raises(DeploymentTimedOutError, match=r"^The update of churn was not begun at the deadline, .* UTC\.$"):
        update(account, made)


def test_update_that_is_under_way_is_followed_after_the_deadline(account: PlanningAccount) -> None:
    """DescribeEndpoint decides whether it has ended in time."""
    account.serve()
    made = prepare(account)
    update(account, made)
    account.sleep(180)

    assert update(account, made, retries=1)["LookSeconds"] == 1


CANARY = {"BlueGreenUpdatePolicy": routing("CANARY", CanarySize=percent(10))}


def update_with_guardrails(account: PlanningAccount) -> list[str]:
    """Run the step for an update with guardrails; return the alarms in the request to SageMaker."""
    account.serve()
    made = prepare(account, DeploymentConfig=CANARY)
    update(account, made)
    parameters = account.simulator.calls[-1].parameters
    rollback = parameters["DeploymentConfig"].get("AutoRollbackConfiguration", {"Alarms": []})
    return [alarm["AlarmName"] for alarm in rollback["Alarms"]]


def test_update_with_guardrails_names_an_alarm_that_is_ok(account: PlanningAccount) -> None:
    """The alarm may be in ALARM from the end of an earlier update."""
    account.planning.monitoring.make_abort_alarm("deployer/abort/churn", "churn", [])
    account.planning.monitoring.set_off("deployer/abort/churn", "before")

    named = update_with_guardrails(account)

    assert named == ["deployer/abort/churn"]
    assert account.planning.monitoring.alarm_states(named) == {"deployer/abort/churn": "OK"}


def test_update_goes_on_if_the_alarm_cannot_be_made(account: PlanningAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AccessDeniedError("put_metric_alarm: no")

    monkeypatch.setattr(Monitoring, "make_abort_alarm", refuse)

    assert update_with_guardrails(account) == []


DENIED = Fault("DescribeEndpoint", "rejected", code="AccessDeniedException", message="not authorized")
REFUSED = Fault("UpdateEndpoint", "rejected", code="ValidationException", message="no")


@pytest.mark.parametrize("refusal", [DENIED, REFUSED], ids=["the look is denied", "the update is refused"])
def test_refused_repetition_leaves_open_whether_the_first_call_was_accepted(
    account: PlanningAccount, refusal: Fault
) -> None:
    account.serve()
    made = prepare(account)
    account.simulator.settings = Settings(faults=(refusal,))

    with pytest.raises(ChangeUncertainError, match=r"^(AccessDenied|SageMakerRejected)Error: "):
        update(account, made, retries=1)


def test_first_call_that_is_refused_has_no_effect(account: PlanningAccount) -> None:
    account.serve()
    made = prepare(account)
    account.simulator.settings = Settings(faults=(REFUSED,))

    with pytest.raises(SageMakerRejectedError):
        update(account, made)
