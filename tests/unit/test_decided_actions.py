"""Decisions: what has to happen to an endpoint, by what is live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import (
    EndpointFailedError,
)
from deployer.planning.decisions import (
    decide,
)
from deployer.planning.live import WAITING_STATUSES
from deployer.planning.plan import Action
from deployer.tags import CONFIRMED_TAG, STACK_TAG
from tests.unit.planning_samples import EXECUTION, NOON, at, live, pending_tags, revision

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
def test_action_depends_on_the_live_revision(found: Live | None, expected: Action) -> None:
    assert decide(WANTED, found, at(10)) is expected


@pytest.mark.parametrize(
    ("minutes", "expected"), [(5, Action.NOTHING_TO_DO), (15, Action.NOTHING_TO_DO), (25, Action.CONFIRM)]
)
def test_request_for_confirmed_content_is_compared_with_the_confirmation(minutes: float, expected: Action) -> None:
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
