"""What a draft means for the endpoint as it is: creation, update, a wait, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.errors import (
    EndpointFailedError,
)
from deployer.planning.choose import find_live
from deployer.planning.plan import Action
from deployer.tags import CONFIRMED_TAG
from local.simulator import Settings
from tests.unit.choose_samples import begin_update, choose
from tests.unit.planning_samples import EXECUTION, OTHER_EXECUTION, draft

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount


def test_missing_endpoint_is_created(account: PlanningAccount) -> None:
    plan = choose(account, draft())

    assert (plan.action, plan.previous, plan.previous_arn) == (Action.CREATE, "", "")


def test_plan_has_the_time_of_the_next_look(account: PlanningAccount) -> None:
    assert choose(account, draft()).wait_seconds == account.planning.wait_seconds


def test_update_starts_from_the_served_config(account: PlanningAccount) -> None:
    served = account.serve()
    config = account.sagemaker.describe_endpoint_config(served.wanted.name)

    plan = choose(account, draft(minutes=10))

    assert (plan.action, plan.previous) == (Action.UPDATE, served.revision)
    assert (plan.previous_arn, plan.retention) == (config["EndpointConfigArn"], {})


def test_endpoint_in_service_takes_three_calls(account: PlanningAccount) -> None:
    account.serve()
    before = len(account.calls())

    choose(account, draft(minutes=10))

    assert account.calls(before) == ["DescribeEndpoint", "DescribeEndpointConfig", "ListTags"]


def test_changing_endpoint_is_waited_for_with_one_call(account: PlanningAccount) -> None:
    account.serve()
    begin_update(account)
    before = len(account.calls())

    plan = choose(account, draft(minutes=10))

    assert (plan.action, plan.previous) == (Action.WAIT, "")
    assert account.calls(before) == ["DescribeEndpoint"]


def test_pending_revision_of_another_run_is_waited_for(account: PlanningAccount) -> None:
    account.serve(is_deployed=False)

    plan = choose(account, draft(minutes=10))

    assert (plan.action, plan.previous) == (Action.WAIT, "")


def test_abandoned_pending_revision_is_updated(account: PlanningAccount) -> None:
    served = account.serve(is_deployed=False)
    account.sleep(30)

    plan = choose(account, draft(minutes=40))

    assert (plan.action, plan.previous) == (Action.UPDATE, served.revision)


@pytest.mark.parametrize("execution", [EXECUTION, OTHER_EXECUTION], ids=["of this run", "of another run"])
def test_resumed_run_keeps_the_previous_config(account: PlanningAccount, execution: str) -> None:
    older = account.serve("older")
    account.bring_into_service(draft("next", minutes=10, execution=execution), is_deployed=False)
    assert choose(account, draft("next", minutes=10)).action is Action.WAIT
    account.sleep(30)

    plan = choose(account, draft("next", minutes=10))

    assert (plan.action, plan.previous) == (Action.RESUME, older.revision)
    assert (plan.previous_arn, plan.retention) == ("", {})


def test_resumed_creation_keeps_that_there_was_no_endpoint(account: PlanningAccount) -> None:
    account.bring_into_service(draft(), is_deployed=False)
    account.sleep(30)

    plan = choose(account, draft())

    assert (plan.action, plan.previous) == (Action.RESUME, "")


def test_same_request_again_is_nothing_to_do(account: PlanningAccount) -> None:
    account.serve("a")

    assert choose(account, draft("a")).action is Action.NOTHING_TO_DO


def test_later_request_for_the_live_content_is_confirmed_on_its_config(account: PlanningAccount) -> None:
    served = account.serve("a")

    plan = choose(account, draft("a", minutes=10))

    assert plan.action is Action.CONFIRM
    assert plan.previous_arn == account.sagemaker.describe_endpoint_config(served.wanted.name)["EndpointConfigArn"]


def test_request_between_the_live_one_and_its_confirmation_is_superseded(account: PlanningAccount) -> None:
    account.serve("a")
    again = choose(account, draft("a", minutes=10))
    account.sagemaker.confirm(again.previous_arn, again.wanted.name)

    found = find_live(account.planning, "churn")

    assert found is not None
    assert found.tags[CONFIRMED_TAG] == again.revision
    older = choose(account, draft("b", minutes=5))
    assert older.action is Action.SUPERSEDED
    assert older.reason.endswith(f"which was requested later: {again.revision} asked for it again")
    assert choose(account, draft("b", minutes=15)).action is Action.UPDATE


def test_older_request_is_superseded(account: PlanningAccount) -> None:
    served = account.serve(minutes=10)

    found = choose(account, draft(minutes=5))

    assert found.action is Action.SUPERSEDED
    assert found.reason == f"Endpoint churn serves {served.revision}, which was requested later"


def test_endpoint_that_failed_ends_the_run(account: PlanningAccount) -> None:
    account.simulator.settings = Settings(failure_reasons={"*": "No capacity."})
    account.bring_into_service(draft("b"), is_deployed=False)

    with pytest.raises(EndpointFailedError, match=r"^Endpoint churn is Failed and cannot be changed\. No capacity\.$"):
        choose(account, draft(minutes=10))
