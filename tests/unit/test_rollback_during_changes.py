"""A rollback that is requested while the endpoint is changed by hand to a revision that was deployed before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.planning.draft_state import Draft
from deployer.planning.rollback import resolve_rollback
from deployer.request.model import read_request
from tests.unit.planning_samples import bare_draft
from tests.unit.request_samples import request

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount


def test_rollback_goes_to_the_revision_before_the_one_that_comes_back(account: PlanningAccount) -> None:
    """The revision that comes back is deployed, and not the target."""
    first, second, third = (account.serve(image, 10 * number) for number, image in enumerate("abc"))
    account.simulator.call("UpdateEndpoint", {"EndpointName": "churn", "EndpointConfigName": second.wanted.name})
    wanted = bare_draft(read_request(request(Rollback=True)).document(), 240)

    found = resolve_rollback(wanted, account.planning)

    assert isinstance(found, Draft)
    assert third.wanted.requested_at > second.wanted.requested_at
    assert found.source == first.revision
