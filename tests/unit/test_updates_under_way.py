"""Whether an update that goes on is one's own: an endpoint that changes to another config."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deployer.errors import DeploymentTimedOutError, UpdateRolledBackError
from deployer.json_document import Document
from deployer.planning.decisions import in_service
from tests.unit.planning_samples import at, live, plan, revision

PREVIOUS, OTHER = revision("old", 0).name, revision("b", 15).name
PLAN = plan("a", 10, previous=PREVIOUS)
REQUESTED_AT = at(15)
DURING, AFTER = PLAN.deadline - timedelta(seconds=1), PLAN.deadline
PENDING = {"EndpointConfigName": OTHER, "StartTime": at(20)}


def test_next_update_that_has_begun_shows_that_this_one_was_rolled_back() -> None:
    """It can only begin when the endpoint serves what it served before."""
    found = live(PREVIOUS, EndpointStatus="Updating", LastModifiedTime=at(20), PendingDeploymentSummary=PENDING)

    with pytest.raises(UpdateRolledBackError) as failed:
        in_service(PLAN, found, REQUESTED_AT, DURING)

    assert str(failed.value) == (
        f"Endpoint churn served {PREVIOUS} again, and is being changed to {OTHER}: "
        "SageMaker gives no reason; see its logs and alarms."
    )


@pytest.mark.parametrize(
    "seen",
    [
        {"LastModifiedTime": REQUESTED_AT, "PendingDeploymentSummary": PENDING},
        {"LastModifiedTime": at(20), "PendingDeploymentSummary": {**PENDING, "EndpointConfigName": PLAN.revision}},
        {"LastModifiedTime": at(20)},
    ],
    ids=["another update, before this one", "this update", "an update to what is not seen"],
)
def test_update_that_may_be_this_one_is_waited_for(seen: Document) -> None:
    found = live(PREVIOUS, EndpointStatus="Updating", **seen)

    assert in_service(PLAN, found, REQUESTED_AT, DURING) is False
    with pytest.raises(DeploymentTimedOutError):
        in_service(PLAN, found, REQUESTED_AT, AFTER)


def test_next_update_of_an_endpoint_on_another_config_is_awaited() -> None:
    found = live("by-hand", EndpointStatus="Updating", LastModifiedTime=at(20), PendingDeploymentSummary=PENDING)

    assert in_service(PLAN, found, REQUESTED_AT, DURING) is False
