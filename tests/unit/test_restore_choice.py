"""What RestoreEndpoint does with an endpoint after a failed deployment: revert, delete, or leave it alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from deployer.cleanup.restore import DELETED, VISIBILITY_LAG
from deployer.planning.plan import Action
from deployer.tags import DEPLOYED, STACK_TAG, STATE_TAG
from tests.unit.planning_samples import (
    NOON,
    complete_request,
)
from tests.unit.restore_samples import INCONCLUSIVE, MADE, config_arn, endpoint, pending, restoration, restore

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount


def test_failed_update_reverts_to_the_previous_config(account: PlanningAccount) -> None:
    before = account.serve()
    made = pending(account)

    report = restore(account, made)

    assert endpoint(account) == ("InService", before.revision)
    assert report["Restored"] == before.revision


def test_reverting_retains_the_properties_of_the_plan(account: PlanningAccount) -> None:
    account.serve()
    made = pending(account).model_copy(update={"retention": {"RetainAllVariantProperties": True}})

    restore(account, made)

    update = [call for call in account.simulator.calls if call.operation == "UpdateEndpoint"][-1]
    assert update.parameters["RetainAllVariantProperties"] is True
    assert "DeploymentConfig" not in update.parameters


def test_endpoint_that_was_created_is_deleted(account: PlanningAccount) -> None:
    made = pending(account)

    report = restore(account, made)

    assert endpoint(account) is None
    assert report["Restored"] == DELETED


def test_endpoint_that_failed_at_its_creation_is_deleted(account: PlanningAccount) -> None:
    account.simulator.settings = replace(account.simulator.settings, failure_reasons={"*": "no health"})
    made = pending(account)
    assert endpoint(account) == ("Failed", made.revision)

    report = restore(account, made, "EndpointFailedError")

    assert endpoint(account) is None
    assert report["Restored"] == DELETED


@pytest.mark.parametrize(
    ("status", "has_served"),
    [
        pytest.param("UpdateRollbackFailed", True, id="mixed fleet"),
        pytest.param("UpdateRollbackFailed", False, id="mixed fleet of a new endpoint"),
        pytest.param("Failed", True, id="failed after it has served"),
        pytest.param("OutOfService", True, id="out of service"),
    ],
)
def test_endpoint_that_only_a_person_can_repair_is_left(
    account: PlanningAccount, status: str, *, has_served: bool
) -> None:
    if has_served:
        account.serve()
    made = pending(account)
    account.simulator.set_status("churn", status)

    report = restore(account, made, "EndpointFailedError")

    assert endpoint(account) == (status, made.revision)
    assert report["Restored"] is None


def test_endpoint_without_the_stack_s_tag_is_not_deleted(account: PlanningAccount) -> None:
    made = pending(account)
    arn = account.sagemaker.describe_endpoint("churn")["EndpointArn"]
    account.sagemaker.add_tags(arn, {STACK_TAG: "another"})

    report = restore(account, made)

    assert endpoint(account) == ("InService", made.revision)
    assert report["Restored"] is None


def test_endpoint_that_is_older_than_the_revision_is_not_deleted(account: PlanningAccount) -> None:
    """The note on what it served before may be lost; that it existed before is a fact."""
    account.serve()
    resumed = pending(account).model_copy(update={"action": Action.RESUME, "previous": ""})

    report = restore(account, resumed)

    assert endpoint(account) == ("InService", resumed.revision)
    assert report["Restored"] is None


def test_revision_that_a_twin_has_deployed_stays(account: PlanningAccount) -> None:
    account.serve()
    made = pending(account)
    account.sagemaker.add_tags(config_arn(account, made), {STATE_TAG: DEPLOYED})

    report = restore(account, made)

    assert endpoint(account) == ("InService", made.revision)
    assert report["Restored"] is None


def test_endpoint_of_a_newer_request_stays(account: PlanningAccount) -> None:
    account.serve()
    made = pending(account)
    newer = account.serve("newer", 60)

    report = restore(account, made, "EndpointNotVisibleError")

    assert endpoint(account) == ("InService", newer.revision)
    assert report["Restored"] is None


@pytest.mark.parametrize(
    ("error", "is_requested"),
    [
        pytest.param("SageMakerRejectedError", False, id="request was refused"),
        pytest.param("DeploymentSupersededError", True, id="somebody else has changed the endpoint since"),
    ],
)
def test_nothing_is_looked_at_where_nothing_is_to_be_restored(
    account: PlanningAccount, error: str, *, is_requested: bool
) -> None:
    made = pending(account)
    before = len(account.calls())

    report = restoration(made, error, NOON if is_requested else None).take_step(
        account.sagemaker, account.store.weights, account.now, None
    )

    assert report["Done"]
    assert account.calls(before) == []


def test_report_survives_the_state_machine() -> None:
    """Each step reads the result of the step before."""
    first = restoration(MADE, INCONCLUSIVE).take_step(None, None, NOON, None)  # type: ignore[arg-type]

    assert datetime.fromisoformat(first["Since"]) == NOON
    assert first["PollSeconds"] == VISIBILITY_LAG.total_seconds()
    assert complete_request()["EndpointName"] == MADE.endpoint_name
