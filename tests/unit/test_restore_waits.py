"""RestoreEndpoint looks again until the restoration is done, with few calls, up to two hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from deployer.cleanup.restore import DELETED
from deployer.errors import DeploymentTimedOutError
from deployer.tags import PENDING, STATE_TAG
from local.simulator.settings import Failure, Fault
from tests.unit.planning_samples import (
    EXECUTION,
    OTHER_EXECUTION,
    plan,
)
from tests.unit.restore_samples import INCONCLUSIVE, config_arn, endpoint, pending, restoration, restore

if TYPE_CHECKING:
    from deployer.planning.plan import Plan
    from tests.unit.planning_account import PlanningAccount


@pytest.mark.parametrize("error", [INCONCLUSIVE, "ChangeUncertainError"])
def test_restoration_waits_once_for_the_visibility_lag(account: PlanningAccount, error: str) -> None:
    """A call that seemed to fail may have had its effect."""
    before = account.serve()
    made = pending(account)

    first = restoration(made, error, None).take_step(account.sagemaker, account.store.weights, account.now, None)
    report = restore(account, made, error, is_requested=False)

    assert (first["Done"], first["PollSeconds"]) == (False, 120)
    assert endpoint(account) == ("InService", before.revision)
    assert report["Restored"] == before.revision


def test_endpoint_that_another_execution_changed_stays(account: PlanningAccount) -> None:
    """It is not known whether this run has changed it, and the config says that another one has."""
    account.serve()
    made = pending(account, execution=OTHER_EXECUTION).model_copy(update={"execution": EXECUTION})

    restore(account, made, INCONCLUSIVE, is_requested=False)

    assert endpoint(account) == ("InService", made.revision)


def deploy_again(account: PlanningAccount, made: Plan) -> Plan:
    """Let another execution of the same request deploy the same revision."""
    twin = made.model_copy(update={"execution": OTHER_EXECUTION})
    account.sagemaker.create_endpoint_config(twin.endpoint_config_request(account.now))
    account.sagemaker.update_endpoint(twin.update_request(), is_retry=False)
    account.sleep(10)
    return twin


@pytest.mark.parametrize("is_own", [True, False], ids=["by this run", "by another run"])
def test_revision_that_a_twin_deploys_again_after_the_change_back_stays(
    account: PlanningAccount, *, is_own: bool
) -> None:
    """Three copies of one event: two fail and restore the endpoint, and the third one tries again."""
    before = account.serve()
    made = pending(account)
    run = restoration(made)
    if not is_own:
        account.sagemaker.revert("churn", str(before.revision), {})
    seen = run.take_step(account.sagemaker, account.store.weights, account.now, None)
    account.sleep(10)
    deploy_again(account, made)

    report = run.take_step(account.sagemaker, account.store.weights, account.now, seen)

    assert report["Done"]
    assert endpoint(account) == ("InService", made.revision)


def test_change_back_that_sagemaker_took_back_is_tried_again(account: PlanningAccount) -> None:
    before = account.serve()
    made = pending(account)
    normal = account.simulator.settings
    account.simulator.settings = replace(normal, failures=(Failure(str(before.revision), "Creating", "No capacity."),))
    run = restoration(made)
    seen = run.take_step(account.sagemaker, account.store.weights, account.now, None)
    account.sleep(10)
    assert endpoint(account) == ("InService", made.revision)
    account.simulator.settings = normal

    run.take_step(account.sagemaker, account.store.weights, account.now, seen)
    account.sleep(10)

    assert endpoint(account) == ("InService", before.revision)


def test_restoration_ends_when_the_endpoint_does_not_exist(account: PlanningAccount) -> None:
    account.serve()
    made = pending(account)
    account.sagemaker.delete_endpoint("churn")
    account.sleep(10)

    assert restore(account, made)["Restored"] is None


@pytest.mark.parametrize("has_served", [True, False], ids=["update", "creation"])
def test_restoration_follows_lagging_replicas(account: PlanningAccount, *, has_served: bool) -> None:
    """The endpoint ends on its previous config for any view of a change that takes less than the lag."""
    before = account.serve() if has_served else None
    made = pending(account)
    settings = replace(account.simulator.settings, lag=60.0, update_seconds=5.0, stage_seconds=1.0, delete_seconds=5.0)
    account.simulator.settings = settings

    report = restore(account, made)
    account.sleep(5)

    assert endpoint(account) == (("InService", before.revision) if before else None)
    assert report["Restored"] == (before.revision if before else DELETED)


def test_busy_endpoint_is_looked_at_again(account: PlanningAccount) -> None:
    before = account.serve()
    made = pending(account)
    busy = Fault("UpdateEndpoint", "rejected", message='Cannot update in-progress endpoint "x".')
    account.simulator.settings = replace(account.simulator.settings, faults=(busy,))

    restore(account, made)

    assert endpoint(account) == ("InService", before.revision)


def test_restoration_gives_up_after_two_hours(account: PlanningAccount) -> None:
    account.serve()
    made = pending(account)
    account.simulator.set_status("churn", "SystemUpdating", seconds=24 * 3600)

    with pytest.raises(DeploymentTimedOutError, match="SystemUpdating two hours after SmokeTestFailedError"):
        restore(account, made)

    assert len([call for call in account.calls() if call == "DescribeEndpoint"]) < 200


def test_restoration_makes_few_calls(account: PlanningAccount) -> None:
    """A change back takes minutes, and the account's calls are shared."""
    account.serve()
    made = pending(account)
    before = len(account.calls())

    restore(account, made)

    assert len(account.calls(before)) <= 20


@pytest.mark.parametrize(
    ("elapsed", "expected"),
    [
        pytest.param(timedelta(0), 15, id="at once"),
        pytest.param(timedelta(minutes=2), 30, id="after two minutes"),
        pytest.param(timedelta(minutes=90), 60, id="after an hour and a half"),
    ],
)
def test_looks_become_rarer(account: PlanningAccount, elapsed: timedelta, expected: int) -> None:
    made = plan()
    account.serve()
    account.simulator.set_status("churn", "SystemUpdating", seconds=24 * 3600)
    before = {"Since": (account.now - elapsed).isoformat()}
    shown = made.model_copy(update={"revision": account.sagemaker.describe_endpoint("churn")["EndpointConfigName"]})
    account.sagemaker.add_tags(config_arn(account, shown), {STATE_TAG: PENDING})

    report = restoration(shown).take_step(account.sagemaker, account.store.weights, account.now, before)

    assert (report["Done"], report["PollSeconds"]) == (False, expected)
