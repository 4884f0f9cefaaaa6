"""What a plan cannot check and its requester should know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.planning.choose import choose_action
from deployer.planning.plan import Action
from deployer.planning.plan_warnings import plan_warnings
from tests.unit.planning_samples import NOON, complete_request, draft
from tests.unit.request_samples import REGISTRY, ROLE

if TYPE_CHECKING:
    from deployer.json_document import Document
    from tests.unit.planning_account import PlanningAccount

OTHER_ROLE = f"{ROLE}-of-mine"
ALARMS = {"DeploymentConfig": {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "churn-5xx"}]}}}
NEEDS_ALARMS = [
    "Models.m.ExecutionRoleArn: needs cloudwatch:DescribeAlarms, as SageMaker reads the rollback alarms by it"
]


def of_image(image: str, role: str = ROLE) -> Document:
    """Build a complete request whose model has an image and a role."""
    return complete_request(Models={"m": {"PrimaryContainer": {"Image": image}, "ExecutionRoleArn": role}})


@pytest.mark.parametrize(
    ("role", "more", "action", "expected"),
    [
        pytest.param(OTHER_ROLE, ALARMS, Action.UPDATE, NEEDS_ALARMS, id="a role of one's own"),
        pytest.param(ROLE, ALARMS, Action.UPDATE, [], id="the stack's role"),
        pytest.param(OTHER_ROLE, {}, Action.UPDATE, [], id="no alarms"),
        pytest.param(OTHER_ROLE, ALARMS, Action.CREATE, [], id="nothing to roll back to"),
    ],
)
def test_role_that_has_to_read_rollback_alarms_is_named(
    role: str, more: Document, action: Action, expected: list[str]
) -> None:
    request = {**of_image(f"{REGISTRY}/churn:1", role), **more}

    assert plan_warnings(request, action, ROLE, NOON) == expected


@pytest.mark.parametrize("action", [Action.NOTHING_TO_DO, Action.CONFIRM])
@pytest.mark.parametrize(
    ("image", "is_warned"),
    [("churn:3", True), ("churn", True), (f"churn@sha256:{64 * '0'}", False)],
    ids=["a tag", "no tag", "a digest"],
)
def test_image_tag_of_the_live_revision_has_a_warning(
    action: Action,
    image: str,
    is_warned: bool,  # noqa: FBT001 - a column of the table
) -> None:
    found = plan_warnings(of_image(f"{REGISTRY}/{image}"), action, ROLE, NOON)

    assert [line.partition(": ")[0] for line in found] == ["Models.m.PrimaryContainer.Image"] * is_warned


def test_image_tag_of_a_new_revision_needs_no_warning() -> None:
    assert plan_warnings(of_image(f"{REGISTRY}/churn:3"), Action.UPDATE, ROLE, NOON) == []


def test_plan_bears_its_warnings(account: PlanningAccount) -> None:
    account.serve("a")

    assert "names a tag" in choose_action(draft("a"), account.planning).warnings[0]
