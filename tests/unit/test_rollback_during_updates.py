"""A rollback while the endpoint changes: it is rejected, waits, or ends the update."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deployer.errors import EndpointFailedError, LiveConfigMissingError
from deployer.planning.choose import choose_action
from deployer.planning.plan import Action, Before, Plan
from deployer.planning.rollback import resolve_rollback
from local.simulator import Settings
from tests.unit.planning_samples import draft
from tests.unit.rollback_samples import ABSENT, LATER, decide, rejection, resolve, rollback, serve

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount


def begin_update(account: PlanningAccount) -> tuple[Plan, str]:
    """Begin to change an endpoint that serves `a` to `b`; return what it serves, and what it is changed to."""
    (first,) = serve(account, "a")
    pending = draft("b", 10)
    made = Plan.of(pending, Action.UPDATE, 60, Before(previous=first.wanted.name))
    for model in made.model_requests(account.now):
        account.sagemaker.create_model(model)
    account.sagemaker.create_endpoint_config(made.endpoint_config_request(account.now))
    account.store_request(made)
    account.sagemaker.update_endpoint(made.update_request(), is_retry=False)
    return first, made.wanted.name


def test_wrong_rollback_is_rejected_while_the_endpoint_changes(account: PlanningAccount) -> None:
    first, pending = begin_update(account)

    message = rejection(account, rollback(ABSENT))

    assert f"deployed are: {first.revision} (live)." in message
    assert pending not in message


def test_rollback_to_a_deployed_revision_is_settled_while_the_endpoint_changes(account: PlanningAccount) -> None:
    first, _ = begin_update(account)

    found = choose_action(resolve(account, rollback(first.wanted.name)), account.planning)

    assert (found.action, found.source) == (Action.WAIT, first.revision)


def test_rollback_during_an_update_goes_back_to_the_revision_before_it(account: PlanningAccount) -> None:
    """A rollback that is requested during a change goes back to the revision before that change."""
    first, _ = begin_update(account)

    found = choose_action(resolve(account, rollback()), account.planning)

    assert (found.action, found.source) == (Action.WAIT, first.revision)


def test_rollback_to_the_revision_under_way_waits(account: PlanningAccount) -> None:
    _, pending = begin_update(account)

    found = resolve_rollback(rollback(pending), account.planning)

    assert isinstance(found, Plan)
    assert (found.action, found.revision) == (Action.WAIT, None)
    assert found.reason == f"Endpoint churn is Updating, to {pending}"


def test_rollback_older_than_the_update_under_way_waits(account: PlanningAccount) -> None:
    begin_update(account)

    found = resolve_rollback(rollback(minutes=5), account.planning)

    assert isinstance(found, Plan)
    assert (found.action, found.revision) == (Action.WAIT, None)


ABORT_ALARM = "deployer/abort/churn"


def alarm_state(account: PlanningAccount) -> str:
    """Return the state of the alarm that ends updates."""
    return account.planning.monitoring.alarm_states([ABORT_ALARM]).get(ABORT_ALARM, "")


@pytest.mark.parametrize("is_named", [False, True], ids=["the one before", "named"])
def test_rollback_ends_the_update_that_it_waits_for(account: PlanningAccount, *, is_named: bool) -> None:
    first, _ = begin_update(account)
    account.planning.monitoring.make_abort_alarm(ABORT_ALARM, "churn", [])
    before = alarm_state(account)

    found = choose_action(resolve(account, rollback(first.wanted.name if is_named else True)), account.planning)

    assert (before, found.action, alarm_state(account)) == ("OK", Action.WAIT, "ALARM")


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(lambda: rollback(DryRun=True), id="a dry run"),
        pytest.param(lambda: draft("c", LATER), id="another request"),
    ],
)
def test_only_a_rollback_ends_an_update(account: PlanningAccount, wanted: Any) -> None:
    begin_update(account)
    account.planning.monitoring.make_abort_alarm(ABORT_ALARM, "churn", [])
    request = wanted()

    choose_action(resolve(account, request) if request.request["Rollback"] else request, account.planning)

    assert alarm_state(account) == "OK"


def test_update_without_the_alarm_is_waited_for(account: PlanningAccount) -> None:
    begin_update(account)

    assert choose_action(resolve(account, rollback()), account.planning).action is Action.WAIT
    assert alarm_state(account) == ""


def test_pending_revision_of_another_run_is_waited_for(account: PlanningAccount) -> None:
    (first,) = serve(account, "a")
    account.serve("b", 10, is_deployed=False)

    found = choose_action(resolve(account, rollback()), account.planning)

    assert (found.action, found.source) == (Action.WAIT, first.revision)


def test_abandoned_pending_revision_is_rolled_back(account: PlanningAccount) -> None:
    (first,) = serve(account, "a")
    account.serve("b", 10, is_deployed=False)
    account.sleep(30)

    assert resolve(account, rollback()).source == first.revision


def test_failed_endpoint_ends_the_run_at_once(account: PlanningAccount) -> None:
    account.simulator.settings = Settings(failure_reasons={"*": "No capacity."})
    account.serve("a", is_deployed=False)

    with pytest.raises(EndpointFailedError, match=r"^Endpoint churn is Failed and cannot be changed\."):
        decide(account, rollback())


def test_deleted_live_config_is_reported(account: PlanningAccount) -> None:
    _, second = serve(account, "a", "b")
    account.sagemaker.delete_endpoint_config(second.wanted.name)
    account.sleep(15)

    with pytest.raises(LiveConfigMissingError):
        decide(account, rollback())
