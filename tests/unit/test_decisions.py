"""Decisions: what has to happen to an endpoint, whether it has happened, and when to look again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    decide,
    in_service,
    progress,
)
from deployer.planning.live import WAITING_STATUSES
from deployer.planning.plan import Action
from deployer.tags import CONFIRMED_TAG, STACK_TAG
from tests.unit.planning_samples import EXECUTION, NOON, at, live, pending_tags, plan, revision

if TYPE_CHECKING:
    from deployer.planning.live import Live

WANTED = revision("a", 10)
LONG_AGO = at(-60)


def confirmed(minutes: float) -> dict[str, str]:
    """Build the tags of a deployed config that was asked for again some minutes after noon."""
    return {STACK_TAG: "deployer", CONFIRMED_TAG: revision("live", minutes).name}


DECISIONS: dict[str, tuple[Live | None, Action]] = {
    "no endpoint": (None, Action.CREATE),
    "made by hand": (live("by-hand"), Action.UPDATE),
    "a revision of another endpoint": (live(revision("a", 10, endpoint="other")), Action.UPDATE),
    "deployed, older, other content": (live(revision("b", 0)), Action.UPDATE),
    "deployed, newer, other content": (live(revision("b", 20)), Action.SUPERSEDED),
    "deployed, the same revision": (live(WANTED), Action.NOTHING_TO_DO),
    "deployed, older, the same content": (live(revision("a", 0)), Action.CONFIRM),
    "deployed, newer, the same content": (live(revision("a", 20)), Action.NOTHING_TO_DO),
    "deployed by version 0.1": (live(revision("b", 0), tags={STACK_TAG: "deployer"}), Action.UPDATE),
    "confirmed before": (live(revision("live", 0), tags=confirmed(5)), Action.UPDATE),
    "confirmed after": (live(revision("live", 0), tags=confirmed(15)), Action.SUPERSEDED),
    "pending, reserved": (live(revision("b", 0), tags=pending_tags()), Action.WAIT),
    "pending, newer, reserved": (live(revision("b", 20), tags=pending_tags()), Action.WAIT),
    "pending, tags not visible yet": (live(revision("b", 0), tags={}), Action.WAIT),
    "pending, older, the same content, reserved": (live(revision("a", 0), tags=pending_tags()), Action.WAIT),
    "pending, the same revision, of another run": (live(WANTED, tags=pending_tags()), Action.WAIT),
    "pending, the same revision, of this run": (live(WANTED, tags=pending_tags(EXECUTION)), Action.WAIT),
    "abandoned, older": (live(revision("b", 0), tags=pending_tags(), LastModifiedTime=LONG_AGO), Action.UPDATE),
    "abandoned, newer": (live(revision("b", 20), tags=pending_tags(), LastModifiedTime=LONG_AGO), Action.SUPERSEDED),
    "abandoned, the same revision": (live(WANTED, tags=pending_tags(), LastModifiedTime=LONG_AGO), Action.RESUME),
    "abandoned, the same revision, of this run": (
        live(WANTED, tags=pending_tags(EXECUTION), LastModifiedTime=LONG_AGO),
        Action.RESUME,
    ),
    "abandoned, older, the same content": (
        live(revision("a", 0), tags=pending_tags(), LastModifiedTime=LONG_AGO),
        Action.UPDATE,
    ),
    "abandoned, newer, the same content": (
        live(revision("a", 20), tags=pending_tags(), LastModifiedTime=LONG_AGO),
        Action.SUPERSEDED,
    ),
    **{f"{status}": (live(WANTED, EndpointStatus=status), Action.WAIT) for status in sorted(WAITING_STATUSES)},
}


@pytest.mark.parametrize(("found", "expected"), DECISIONS.values(), ids=DECISIONS)
def test_action_is_decided_by_what_is_live(found: Live | None, expected: Action) -> None:
    assert decide(WANTED, found, at(10)) is expected


@pytest.mark.parametrize(
    ("minutes", "expected"), [(5, Action.NOTHING_TO_DO), (15, Action.NOTHING_TO_DO), (25, Action.CONFIRM)]
)
def test_request_for_what_is_confirmed_is_compared_with_the_confirmation(minutes: float, expected: Action) -> None:
    found = live(revision("live", 0), tags=confirmed(15))

    assert decide(revision("live", minutes), found, at(30)) is expected


@given(contents=st.lists(st.integers(), min_size=2, max_size=2, unique=True))
def test_of_two_requests_of_one_second_all_runs_choose_the_same(contents: list[int]) -> None:
    first, second = (revision(content) for content in contents)

    actions = {decide(wanted, live(served), NOON) for wanted, served in ((first, second), (second, first))}

    assert actions == {Action.UPDATE, Action.SUPERSEDED}


@pytest.mark.parametrize("status", ["Failed", "OutOfService", "UpdateRollbackFailed"])
@pytest.mark.parametrize("reason", ["", "The image cannot be pulled."], ids=["no reason", "a reason"])
def test_endpoint_that_a_person_has_to_help_ends_the_run(status: str, reason: str) -> None:
    found = live(EndpointStatus=status, FailureReason=reason)

    with pytest.raises(EndpointFailedError) as failed:
        decide(WANTED, found, NOON)

    assert str(failed.value) == f"Endpoint churn is {status} and cannot be changed. {reason}".rstrip()


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
def test_newer_request_is_told_by_what_it_replaced(
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

    with pytest.raises(EndpointNotVisibleError, match="is seen as the one that had the name before"):
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
