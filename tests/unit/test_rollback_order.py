"""Rollbacks that are repeated, resumed or superseded."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from deployer.planning.choose import choose_action
from deployer.planning.plan import Action
from tests.unit.planning_samples import at, draft
from tests.unit.rollback_samples import LATER, decide, resolve, rollback, serve

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount


@pytest.mark.parametrize("is_named", [False, True], ids=["the one before", "named"])
@pytest.mark.parametrize("minutes", [0, 60], ids=["at once", "an hour later"])
def test_same_rollback_again_is_nothing_to_do(account: PlanningAccount, minutes: float, *, is_named: bool) -> None:
    first, *_ = serve(account, "a", "b", "c") if is_named else serve(account, "z", "a", "b")[1:]
    requested_at = at(LATER) + timedelta(milliseconds=900)
    event = rollback(first.wanted.name if is_named else True, requested_at=requested_at)
    account.bring_into_service(resolve(account, event))
    account.sleep(minutes)

    assert decide(account, event) is Action.NOTHING_TO_DO


@pytest.mark.parametrize("is_named", [False, True], ids=["the one before", "named"])
def test_repeated_rollback_resumes_its_pending_revision(account: PlanningAccount, *, is_named: bool) -> None:
    first, second = serve(account, "a", "b")
    event = rollback(first.wanted.name if is_named else True, SmokeTest={"Body": "own"})
    begun = account.bring_into_service(resolve(account, event), is_deployed=False)
    account.sleep(30)

    found = choose_action(resolve(account, event), account.planning)

    assert (found.action, found.revision, found.previous) == (Action.RESUME, begun.revision, second.revision)
    assert found.smoke_test == begun.smoke_test


def test_rollback_that_another_request_of_its_second_replaced_is_superseded(account: PlanningAccount) -> None:
    serve(account, "a", "b")
    account.bring_into_service(resolve(account, rollback(request_id="event-1")))

    assert decide(account, rollback(request_id="event-2")) is Action.SUPERSEDED


def test_older_rollback_is_superseded(account: PlanningAccount) -> None:
    serve(account, "a", "b")
    account.serve("c", LATER + 10)

    assert decide(account, rollback()) is Action.SUPERSEDED


def test_older_named_rollback_is_superseded(account: PlanningAccount) -> None:
    first, _ = serve(account, "a", "b")
    account.serve("c", LATER + 10)

    assert decide(account, rollback(first.wanted.name)) is Action.SUPERSEDED


def test_rollback_is_superseded_by_a_later_confirmation_of_the_live_revision(account: PlanningAccount) -> None:
    _, second = serve(account, "a", "b")
    arn = account.sagemaker.describe_endpoint_config(second.wanted.name)["EndpointConfigArn"]
    account.sagemaker.confirm(arn, draft("b", LATER + 10).wanted.name)

    assert decide(account, rollback()) is Action.SUPERSEDED


def test_rollback_to_the_live_content_is_confirmed(account: PlanningAccount) -> None:
    *_, live = serve(account, "a", "b")

    assert decide(account, rollback(live.wanted.name)) is Action.CONFIRM
