"""Requests for a rollback, and what becomes of them in an account."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from deployer.errors import InvalidRequestError
from deployer.planning.choose import choose_action
from deployer.planning.draft_state import Draft
from deployer.planning.plan import Action, Plan
from deployer.planning.rollback import resolve_rollback
from deployer.request.model import read_request
from tests.unit.planning_samples import bare_draft
from tests.unit.request_samples import request

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount


LATER = 240
"""Minutes after noon at which the rollbacks of these tests are requested."""


def rollback(to: bool | str = True, minutes: float = LATER, **changed: Any) -> Draft:  # noqa: FBT001, FBT002 - as in JSON
    """Build the draft of a rollback."""
    fields = {name: changed.pop(name) for name in [*changed] if name in Draft.model_fields}
    return bare_draft(read_request(request(Rollback=to, **changed)).document(), minutes, **fields)


def resolve(account: PlanningAccount, wanted: Draft) -> Draft:
    """Resolve a rollback that says which revision it goes back to."""
    resolved = resolve_rollback(wanted, account.planning)
    assert not isinstance(resolved, Plan)
    return resolved


def decide(account: PlanningAccount, wanted: Draft) -> Action:
    """Resolve a rollback, and decide what it means for the endpoint."""
    resolved = resolve_rollback(wanted, account.planning)
    return resolved.action if isinstance(resolved, Plan) else choose_action(resolved, account.planning).action


def rejection(account: PlanningAccount, wanted: Draft, **settings: Any) -> str:
    """Return the message with which a rollback is rejected by a stack with some settings."""
    planning = account.planning
    with pytest.raises(InvalidRequestError) as rejected:
        resolve_rollback(wanted, replace(planning, settings=planning.settings.model_copy(update=settings)))
    return str(rejected.value)


def serve(account: PlanningAccount, *images: str, **changed: Any) -> list[Plan]:
    """Deploy images one after the other, ten minutes apart."""
    return [account.serve(image, 10 * number, **changed) for number, image in enumerate(images)]


ABSENT = "churn-20200101T000000-0123456789ab"
