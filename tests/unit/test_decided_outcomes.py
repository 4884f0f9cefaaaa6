"""Decisions: whether what was requested has happened to an endpoint, and how far it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from deployer.errors import (
    DeployerError,
    DeploymentSupersededError,
    DeploymentTimedOutError,
    EndpointFailedError,
    EndpointNotVisibleError,
    UpdateRolledBackError,
)
from deployer.planning.decisions import (
    check_deadline,
    in_service,
    progress,
)
from deployer.planning.live import WAITING_STATUSES
from deployer.planning.plan import Action
from tests.unit.planning_samples import NOON, at, live, plan, revision

if TYPE_CHECKING:
    from deployer.planning.live import Live


PLAN = plan("a", 10, previous=revision("old", 0).name)
REQUESTED_AT = at(15)
"""When SageMaker had accepted the run's change."""
DURING, AFTER = PLAN.deadline - timedelta(seconds=1), PLAN.deadline
NO_REASON = "SageMaker gives no reason; see its logs and alarms."


@pytest.mark.parametrize("now", [DURING, AFTER], ids=["in time", "after the deadline"])
def test_endpoint_in_service_on_the_revision_is_done(now: Any) -> None:
    assert in_service(PLAN, live(PLAN.wanted), REQUESTED_AT, now)


@pytest.mark.parametrize("status", sorted(WAITING_STATUSES - {"Deleting"}))
def test_endpoint_that_is_changing_is_not_done_and_times_out_at_the_deadline(status: str) -> None:
    found = live(PLAN.previous, EndpointStatus=status)

    assert not in_service(PLAN, found, REQUESTED_AT, DURING)
    with pytest.raises(DeploymentTimedOutError, match=f"^Endpoint churn is still {status} at the deadline, "):
        in_service(PLAN, found, REQUESTED_AT, AFTER)


FAILURES: dict[str, tuple[Live, type[DeployerError], str]] = {
    "failed": (
        live(PLAN.wanted, EndpointStatus="Failed", FailureReason="No capacity."),
        EndpointFailedError,
        "Endpoint churn is Failed: No capacity.",
    ),
    "failed without a reason": (
        live(PLAN.wanted, EndpointStatus="UpdateRollbackFailed"),
        EndpointFailedError,
        f"Endpoint churn is UpdateRollbackFailed: {NO_REASON}",
    ),
    "deleted by somebody": (
        live(PLAN.previous, EndpointStatus="Deleting"),
        EndpointFailedError,
        f"Endpoint churn is Deleting: {NO_REASON}",
    ),
    "rolled back": (
        live(PLAN.previous, LastModifiedTime=at(20), FailureReason="An alarm."),
        UpdateRolledBackError,
        f"Endpoint churn serves {PLAN.previous} again: An alarm.",
    ),
    "seen as before the update": (
        live(PLAN.previous, LastModifiedTime=REQUESTED_AT),
        EndpointNotVisibleError,
        "Endpoint churn shows no sign of the update yet.",
    ),
    "seen as long before the update": (
        live(PLAN.previous),
        EndpointNotVisibleError,
        "Endpoint churn shows no sign of the update yet.",
    ),
    "rolled back at once": (
        live(PLAN.previous, LastModifiedTime=REQUESTED_AT + timedelta(seconds=1), FailureReason="An alarm."),
        UpdateRolledBackError,
        f"Endpoint churn serves {PLAN.previous} again: An alarm.",
    ),
    "rolled back, then an older request": (
        live(revision("b", 5)),
        UpdateRolledBackError,
        f"Endpoint churn served {PLAN.previous} again, and serves {revision('b', 5).name} since: {NO_REASON}",
    ),
    "changed by a newer request": (
        live(revision("b", 15)),
        DeploymentSupersededError,
        f"Endpoint churn was changed to {revision('b', 15).name} meanwhile.",
    ),
    "changed by hand": (
        live("by-hand"),
        DeploymentSupersededError,
        "Endpoint churn was changed to by-hand meanwhile.",
    ),
}


@pytest.mark.parametrize(("found", "raised", "message"), FAILURES.values(), ids=FAILURES)
def test_endpoint_that_does_not_come_into_service_raises(
    found: Live, raised: type[DeployerError], message: str
) -> None:
    with pytest.raises(raised) as failed:
        in_service(PLAN, found, REQUESTED_AT, DURING)

    assert (type(failed.value), str(failed.value)) == (raised, message)


NEWER = live(revision("b", 15))
ROLLED_BACK = f"Endpoint churn served {PLAN.previous} again, and serves {revision('b', 15).name} since: {NO_REASON}"
REPLACED = f"Endpoint churn was changed to {revision('b', 15).name} meanwhile."


@pytest.mark.parametrize(
    ("preceding", "raised", "message"),
    [
        ([PLAN.previous], UpdateRolledBackError, ROLLED_BACK),
        ([revision("c", 12).name, PLAN.previous], UpdateRolledBackError, ROLLED_BACK),
        ([PLAN.revision, PLAN.previous], DeploymentSupersededError, REPLACED),
        ([revision("c", 12).name, PLAN.revision], DeploymentSupersededError, REPLACED),
        (["by-hand"], DeploymentSupersededError, REPLACED),
        ([], DeploymentSupersededError, REPLACED),
    ],
    ids=["at once", "two newer requests", "after it was live", "two after it was live", "by hand", "not known"],
)
def test_newer_request_is_recognised_by_the_config_that_it_replaced(
    preceding: list[str], raised: type[DeployerError], message: str
) -> None:
    """A revision that was rolled back was never live, so no other one has replaced it."""
    with pytest.raises(raised) as failed:
        in_service(PLAN, NEWER, REQUESTED_AT, DURING, preceding)

    assert (type(failed.value), str(failed.value)) == (raised, message)


def test_created_endpoint_cannot_have_been_rolled_back() -> None:
    created = plan("a", 10, Action.CREATE, previous="")

    with pytest.raises(DeploymentSupersededError):
        in_service(created, NEWER, REQUESTED_AT, DURING, [revision("c", 12).name])


def test_endpoint_that_is_created_while_its_predecessor_is_seen_is_not_visible_yet() -> None:
    created = plan("a", 10, Action.CREATE, previous="")

    with pytest.raises(EndpointNotVisibleError, match="is still shown as the endpoint that had this name before"):
        in_service(created, live(EndpointStatus="Deleting"), REQUESTED_AT, DURING)


def test_deadline_is_reached_to_the_second() -> None:
    check_deadline(NOON, NOON - timedelta(seconds=1), "Endpoint churn is still Updating")

    with pytest.raises(DeploymentTimedOutError) as late:
        check_deadline(NOON, NOON, "Endpoint churn is still Updating")

    assert str(late.value) == "Endpoint churn is still Updating at the deadline, 2026-11-24 12:00:00 UTC."


def test_progress_names_stage_share_and_count_of_every_variant_of_both_fleets() -> None:
    variant = {
        "VariantName": "A",
        "VariantStatus": [{"Status": "Baking"}],
        "CurrentWeight": 1.0,
        "CurrentInstanceCount": 2,
    }
    endpoint = {
        "ProductionVariants": [variant],
        "ShadowProductionVariants": [{"VariantName": "S"}],
        "PendingDeploymentSummary": {"ProductionVariants": [{"VariantName": "A", "VariantStatus": []}]},
    }

    assert progress(endpoint) == [
        {"VariantName": "A", "Fleet": "Live", "Stage": "Baking", "Weight": 1.0, "InstanceCount": 2},
        {"VariantName": "S", "Fleet": "Live", "Stage": None, "Weight": None, "InstanceCount": None},
        {"VariantName": "A", "Fleet": "New", "Stage": None, "Weight": None, "InstanceCount": None},
    ]
