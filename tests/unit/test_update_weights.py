"""UpdateWeights: the revision is recorded, then the change begins, and only if the endpoint is as it was planned."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

import update_weights
from deployer.errors import (
    ChangeUncertainError,
    DeploymentTimedOutError,
    EndpointBusyError,
    SageMakerRejectedError,
    SageMakerUnavailableError,
)
from deployer.planning.choose import choose_action
from deployer.planning.decisions import first_look_seconds
from deployer.planning.plan import Action, Plan
from deployer.planning.record_weights import record_weights
from local.simulator import Fault, Settings
from tests.unit.endpoint_changes import confirm, delete
from tests.unit.lambda_context import lambda_context
from tests.unit.planning_account import BUCKET
from tests.unit.planning_samples import draft, event_of, revision
from tests.unit.request_samples import variant

if TYPE_CHECKING:
    from deployer.json_document import Document
    from tests.unit.planning_account import PlanningAccount

pytestmark = pytest.mark.usefixtures("step_functions")

CHANGE = "UpdateEndpointWeightsAndCapacities"
BEGUN = ["DescribeEndpoint", "ListTags", CHANGE]
"""The calls of a change that begins, where the endpoint has the endpoint config of the revision that it serves."""


def counted(count: int) -> Document:
    """Build the part of a request that says how many instances there are."""
    return {
        "EndpointConfig": {
            "ProductionVariants": [variant(VariantName="AllTraffic", ModelName="m", InitialInstanceCount=count)]
        }
    }


def prepare(account: PlanningAccount, count: int = 2, minutes: float = 10, **changed: Any) -> Plan:
    """Plan a change of the count, and create its config."""
    made = choose_action(draft("live", minutes, **counted(count), **changed), account.planning)
    account.sagemaker.create_endpoint_config(made.endpoint_config_request(account.now))
    return made


def change(account: PlanningAccount, made: Plan, retries: int = 0) -> Document:
    """Run the step."""
    event = event_of(made, Now=account.now.isoformat(), RetryCount=retries)
    return update_weights.handler(event, lambda_context("update_weights"))


def recorded(account: PlanningAccount, made: Plan) -> tuple[int, str]:
    """Return the last number and the last revision in the record of the plan's base."""
    return account.store.weights.last("churn", made.base)[:2]


def count_of(account: PlanningAccount) -> int:
    """Return the count that the endpoint is to have."""
    return int(account.sagemaker.describe_endpoint("churn")["ProductionVariants"][0]["DesiredInstanceCount"])


def test_change_is_recorded_and_begun_with_three_calls(account: PlanningAccount) -> None:
    served = account.serve()
    made = prepare(account)
    before = len(account.calls())

    answer = change(account, made)

    assert (made.action, made.base) == (Action.UPDATE_WEIGHTS, served.wanted.name)
    assert account.calls(before) == BEGUN
    assert count_of(account) == 2
    assert recorded(account, made) == (1, made.wanted.name)
    assert datetime.fromisoformat(answer["RequestedAt"]) == account.now
    assert answer["LookSeconds"] == first_look_seconds(made.deadline, account.now)


def test_refused_change_is_recorded(account: PlanningAccount) -> None:
    """The record comes first, so that no change is without one; the restoration records the revision before again."""
    account.serve()
    made = prepare(account)
    account.simulator.settings = Settings(faults=(Fault(CHANGE, "rejected", message="No."),))

    with pytest.raises(SageMakerRejectedError):
        change(account, made)

    assert recorded(account, made) == (1, made.wanted.name)


@pytest.mark.parametrize("when", ["before", "after"])
def test_repetition_after_a_lost_answer_begins_one_change(account: PlanningAccount, when: Any) -> None:
    account.serve()
    made = prepare(account)
    account.simulator.settings = Settings(faults=(Fault(CHANGE, "dropped", when),))
    with pytest.raises(SageMakerUnavailableError):
        change(account, made)

    change(account, made, retries=1)

    assert account.calls().count(CHANGE) == (1 if when == "after" else 2)
    assert count_of(account) == 2
    assert recorded(account, made) == (1, made.wanted.name)


def test_repetition_after_the_change_began_makes_no_call(account: PlanningAccount) -> None:
    account.simulator.settings = Settings(scale_seconds=60)
    account.serve()
    made = prepare(account)
    change(account, made)
    before = len(account.calls())

    for minutes in (0, 2):
        account.sleep(minutes)
        answer = change(account, made, retries=1)

    assert account.calls(before) == ["DescribeEndpoint"] * 2
    assert answer["RequestedAt"] <= account.now.isoformat()
    assert recorded(account, made) == (1, made.wanted.name)


def test_refused_repetition_is_uncertain(account: PlanningAccount) -> None:
    """The try before may have begun the change."""
    account.serve()
    made = prepare(account)
    account.simulator.settings = Settings(faults=(Fault("DescribeEndpoint", "rejected", code="AccessDeniedException"),))

    with pytest.raises(ChangeUncertainError):
        change(account, made, retries=1)


def deploy_newer(account: PlanningAccount) -> None:
    """Let a newer request be served."""
    account.serve("c", 20)


def begin_update(account: PlanningAccount) -> None:
    """Let an update be on its way."""
    made = choose_action(draft("c", 5), account.planning)
    for request in made.model_requests(account.now):
        account.sagemaker.create_model(request)
    account.sagemaker.create_endpoint_config(made.endpoint_config_request(account.now))
    account.sagemaker.update_endpoint(made.update_request(), is_retry=False)


def give_other_weights(account: PlanningAccount) -> None:
    """Let another change of weights be recorded."""
    served = account.sagemaker.describe_endpoint("churn")["EndpointConfigName"]
    assert record_weights(account.store.weights, "churn", served, revision("c", 5).name, 1)


def give_other_weights_and_back(account: PlanningAccount) -> None:
    """Let another change of weights have been undone; nothing of it is left but its record, and the plan holds."""
    served = account.sagemaker.describe_endpoint("churn")["EndpointConfigName"]
    give_other_weights(account)
    assert record_weights(account.store.weights, "churn", served, served, 2)


@pytest.mark.parametrize("retries", [0, 1], ids=["tried first", "tried again"])
@pytest.mark.parametrize("meanwhile", [deploy_newer, begin_update, give_other_weights, confirm, delete])
def test_endpoint_that_is_not_as_planned_is_planned_again(
    account: PlanningAccount, meanwhile: Any, retries: int
) -> None:
    """Nothing is recorded, and nothing is changed."""
    account.serve()
    made = prepare(account)
    meanwhile(account)
    before = recorded(account, made)

    with pytest.raises(EndpointBusyError):
        change(account, made, retries)

    assert recorded(account, made) == before
    assert CHANGE not in account.calls()


def test_change_after_one_that_was_undone_has_the_next_number(account: PlanningAccount) -> None:
    account.serve()
    made = prepare(account)
    give_other_weights_and_back(account)

    change(account, made)

    assert recorded(account, made) == (3, made.wanted.name)


def test_number_that_another_run_writes_at_the_same_time_is_planned_again(
    account: PlanningAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have read the same last number."""
    account.serve()
    made = prepare(account)

    def write_first(*given: Any) -> bool:
        give_other_weights(account)
        return record_weights(*given)

    monkeypatch.setattr(update_weights, "record_weights", write_first)

    with pytest.raises(EndpointBusyError, match="is given the weights of another revision"):
        change(account, made)

    assert recorded(account, made) == (1, revision("c", 5).name)
    assert CHANGE not in account.calls()


def test_recorded_change_over_an_update_under_way_is_planned_again(account: PlanningAccount) -> None:
    """The update had been checked before the record was written, and it began before the change."""
    account.serve()
    made = prepare(account)
    begin_update(account)
    assert record_weights(account.store.weights, "churn", made.base, made.wanted.name, 1)

    with pytest.raises(EndpointBusyError, match="is being changed to"):
        change(account, made, retries=1)

    assert CHANGE not in account.calls()


def test_change_is_not_begun_after_the_deadline(account: PlanningAccount) -> None:
    account.serve()
    made = prepare(account)
    account.sleep(180)

    with pytest.raises(DeploymentTimedOutError, match="The change of weights of churn was not begun"):
        change(account, made)

    assert recorded(account, made) == (0, made.base)
    assert account.s3.list_objects_v2(Bucket=BUCKET, Prefix="revisions/churn/").get("KeyCount") == 1
