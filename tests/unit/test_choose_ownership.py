"""A plan leaves an endpoint alone that another owner has, or whose owner cannot be seen yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.errors import (
    EndpointNotVisibleError,
    InvalidRequestError,
)
from deployer.planning.plan import Action
from deployer.tags import STACK_TAG
from tests.unit.choose_samples import choose, serve_by_hand
from tests.unit.planning_samples import STACK, draft

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount


def test_endpoint_made_by_hand_has_no_tags_to_compare(account: PlanningAccount) -> None:
    serve_by_hand(account)
    before = len(account.calls())

    plan = choose(account, draft())

    assert (plan.action, plan.previous, plan.previous_arn) == (Action.UPDATE, "by-hand", "")
    assert account.calls(before) == ["DescribeEndpoint", "DescribeEndpointConfig", "ListTags"]


WAY_OUT = (
    "To let this stack change it: aws sagemaker add-tags --resource-arn "
    f"arn:aws:sagemaker:us-east-1:111122223333:endpoint/churn --tags Key=endpoint-deployer:stack,Value={STACK}"
)


@pytest.mark.parametrize(
    ("tags", "whose"),
    [
        pytest.param({"team": "growth"}, "was not created by this stack", id="of nobody"),
        pytest.param({STACK_TAG: "another"}, "belongs to the stack 'another'", id="of another stack"),
    ],
)
def test_foreign_endpoint_is_not_changed_until_its_owner_tags_it(
    account: PlanningAccount, tags: dict[str, str], whose: str
) -> None:
    serve_by_hand(account, tags)

    with pytest.raises(InvalidRequestError) as rejected:
        choose(account, draft())

    assert str(rejected.value) == f"EndpointName: names an endpoint that {whose}, and stays as it is. {WAY_OUT}"

    account.sagemaker.add_tags("arn:aws:sagemaker:us-east-1:111122223333:endpoint/churn", {STACK_TAG: STACK})

    assert choose(account, draft()).action is Action.UPDATE


@pytest.mark.parametrize("image", ["a", "b"], ids=["equal content", "other content"])
def test_revision_of_another_stack_is_neither_confirmed_nor_updated(account: PlanningAccount, image: str) -> None:
    """Its endpoint has names like those of this stack."""
    account.serve("a", stack="another")

    with pytest.raises(InvalidRequestError, match="belongs to the stack 'another'"):
        choose(account, draft(image, minutes=10))


def test_endpoint_without_tags_is_looked_at_again_while_it_is_young(account: PlanningAccount) -> None:
    """A replica may not show them yet."""
    serve_by_hand(account, {})
    account.sleep(-1)

    with pytest.raises(EndpointNotVisibleError, match="shows no tags yet"):
        choose(account, draft())

    account.sleep(1)

    with pytest.raises(InvalidRequestError, match="was not created by this stack"):
        choose(account, draft())
