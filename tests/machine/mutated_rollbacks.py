"""The deployer broken on purpose: what it takes for a rollback by SageMaker, and how long it waits."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import describe_endpoint
import update_endpoint
from deployer.planning import decisions
from tests.machine.mutations import around, breaks
from tests.machine.rollback_scenarios import (
    rolled_back_before_a_newer_request,
    scaled_before_its_update,
    woken_for_nothing,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


@breaks("failed_revisions_do_not_stay_live", seed=0, make=scaled_before_its_update)
def date_updates_early(patch: pytest.MonkeyPatch) -> None:
    """Takes what happened minutes before its update for the end of it."""

    def requested(inner: Callable[..., Any], deadline: Any, now: Any, requested_at: Any) -> Any:
        return inner(deadline, now, requested_at - timedelta(minutes=5))

    around(patch, update_endpoint, "requested", requested)


@breaks("rolled_back_updates_are_failures", seed=0, make=rolled_back_before_a_newer_request)
def trust_what_is_newer(patch: pytest.MonkeyPatch) -> None:
    """Takes an update that was rolled back for superseded once a newer request is live."""
    patch.setattr(decisions, "_is_after_rollback", lambda *_: False)


@breaks("waits_end_at_the_deadline", seed=0, make=woken_for_nothing)
def wait_past_the_deadline(patch: pytest.MonkeyPatch) -> None:
    """Waits as long as planned, whatever is left until the deadline."""
    patch.setattr(describe_endpoint, "next_look_seconds", lambda _deadline, _now, planned: planned)
