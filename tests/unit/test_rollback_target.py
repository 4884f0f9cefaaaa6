"""Which revision a rollback deploys again, and which requests for one are rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.planning.choose import choose_action
from deployer.planning.keys import request_key
from deployer.planning.plan import Action
from deployer.tags import PENDING, STACK_TAG, STATE_TAG
from tests.unit.rollback_samples import ABSENT, rejection, resolve, rollback, serve

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount


def test_rollback_deploys_the_content_of_the_revision_before_the_live_one(account: PlanningAccount) -> None:
    first, _ = serve(account, "a", "b")

    found = resolve(account, rollback())

    assert (found.source, found.wanted.digest) == (first.revision, first.wanted.digest)
    assert found.wanted.requested_at == rollback().requested_at
    assert (found.model_names, found.request["Models"]) == (first.model_names, first.request["Models"])
    assert found.copies == []
    assert choose_action(found, account.planning).action is Action.UPDATE


def test_second_rollback_returns_to_the_revision_that_the_first_one_left(account: PlanningAccount) -> None:
    _, second = serve(account, "a", "b")
    account.bring_into_service(resolve(account, rollback(minutes=30)))

    assert resolve(account, rollback()).source == second.revision


def test_named_revision_is_deployed_again(account: PlanningAccount) -> None:
    first, *_ = serve(account, "a", "b", "c")

    assert resolve(account, rollback(first.wanted.name)).source == first.revision


def test_revision_that_came_after_the_live_one_can_be_named(account: PlanningAccount) -> None:
    _, second = serve(account, "a", "b")
    account.bring_into_service(resolve(account, rollback(minutes=30)))

    assert resolve(account, rollback(second.wanted.name)).source == second.revision


def test_endpoint_made_by_hand_can_be_rolled_back_to_a_named_revision_only(account: PlanningAccount) -> None:
    (first,) = serve(account, "a")
    config = account.sagemaker.describe_endpoint_config(first.wanted.name)
    by_hand = {"EndpointConfigName": "by-hand", "ProductionVariants": config["ProductionVariants"]}
    account.sagemaker.create_endpoint_config(by_hand)
    account.sagemaker.update_endpoint({"EndpointName": "churn", "EndpointConfigName": "by-hand"}, is_retry=False)
    account.sleep(10)

    assert rejection(account, rollback()) == (
        "Rollback: the endpoint has by-hand, which this deployer did not make; name the revision to go back to"
    )
    assert resolve(account, rollback(first.wanted.name)).source == first.revision


def test_pending_revision_is_passed_over(account: PlanningAccount) -> None:
    first, second, _ = serve(account, "a", "b", "c")
    arn = account.sagemaker.describe_endpoint_config(second.wanted.name)["EndpointConfigArn"]
    account.sagemaker.add_tags(arn, {STATE_TAG: PENDING})

    assert resolve(account, rollback()).source == first.revision
    assert f"there is no deployed revision {second.revision}" in rejection(account, rollback(second.wanted.name))


def test_revision_of_another_stack_is_passed_over(account: PlanningAccount) -> None:
    first, second, _ = serve(account, "a", "b", "c")
    arn = account.sagemaker.describe_endpoint_config(second.wanted.name)["EndpointConfigArn"]
    account.sagemaker.add_tags(arn, {STACK_TAG: "another"})

    assert resolve(account, rollback()).source == first.revision


def test_revision_without_config_is_skipped(account: PlanningAccount) -> None:
    first, second, _ = serve(account, "a", "b", "c")
    account.sagemaker.delete_endpoint_config(second.wanted.name)

    assert resolve(account, rollback()).source == first.revision


def test_stored_folders_that_are_not_revisions_are_skipped(account: PlanningAccount) -> None:
    first, _ = serve(account, "a", "b")
    account.put("revisions/churn/artifacts/0123/model.tar.gz")
    account.put("revisions/churn/other-20261124T120000-0123456789ab/request.json")

    assert resolve(account, rollback()).source == first.revision


def test_revision_without_a_stored_request_is_reported(account: PlanningAccount) -> None:
    """Version 0.1 of the deployer stored none."""
    first, second = serve(account, "a", "b", is_stored=False)

    assert rejection(account, rollback()) == (
        f"Rollback: there is no deployed revision before {second.revision}. What version 0.1 of the deployer deployed "
        "has no stored request; upload its artifact again"
    )
    assert rejection(account, rollback(first.wanted.name)).startswith(
        f"Rollback: there is no deployed revision {first.revision}; deployed are: none."
    )


def test_missing_revision_is_reported_with_those_that_were_deployed(account: PlanningAccount) -> None:
    first, second = serve(account, "a", "b")
    account.serve("c", 20, is_deployed=False)
    account.sleep(30)

    message = rejection(account, rollback(ABSENT))

    assert message.startswith(
        f"Rollback: there is no deployed revision {ABSENT}; deployed are: {second.revision}, {first.revision}."
    )


def test_live_revision_is_marked_among_those_that_were_deployed(account: PlanningAccount) -> None:
    first, second = serve(account, "a", "b")

    message = rejection(account, rollback(ABSENT))

    assert f"deployed are: {second.revision} (live), {first.revision}." in message


def test_rollback_before_the_first_deployment_is_rejected_at_once(account: PlanningAccount) -> None:
    made = account.serve("a", is_deployed=False)

    message = rejection(account, rollback())

    assert message.startswith(
        f"Rollback: there is no deployed revision before {made.revision}, which is being deployed."
    )


def test_missing_endpoint_is_reported(account: PlanningAccount) -> None:
    assert rejection(account, rollback()) == "Rollback: there is no endpoint churn"


def test_first_revision_has_none_before_it(account: PlanningAccount) -> None:
    (only,) = serve(account, "a")

    assert f"there is no deployed revision before {only.revision}" in rejection(account, rollback())


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param(b"[", "the stored request is not JSON", id="no JSON"),
        pytest.param(b"{}", "the stored request has no Format", id="not of this deployer"),
        pytest.param(b'{"Format": 2}', "has Format 2", id="of a newer version"),
    ],
)
def test_unreadable_stored_request_is_reported_with_its_revision(
    account: PlanningAccount, document: bytes, message: str
) -> None:
    first, _ = serve(account, "a", "b")
    account.put(request_key("churn", first.wanted.name), document)

    assert rejection(account, rollback()).startswith(f"Rollback: {first.revision}: ")
    assert message in rejection(account, rollback())
