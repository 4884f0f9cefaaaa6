"""Which endpoints RestoreEndpoint deletes: those that the run has created and that bear the stack's tag."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deployer.cleanup.restore import Restoration, Step
from deployer.cleanup.restore_view import View
from deployer.planning.plan import Action
from deployer.tags import STACK_TAG
from tests.unit.planning_samples import EXECUTION, NOON, STACK, at, pending_tags, plan

CREATED = plan("new", -10, Action.CREATE, previous="")
UPDATED = plan("new", -10, Action.UPDATE, previous="")
OWN = {STACK_TAG: STACK}


def view(status: str = "InService", tags: dict[str, str] | None = None, **changed: Any) -> View:
    """Build a view of an endpoint that is as old as the config of its revision."""
    found = {
        "EndpointName": "churn",
        "EndpointArn": "arn:aws:sagemaker:us-east-1:111122223333:endpoint/churn",
        "EndpointConfigName": CREATED.revision,
        "EndpointStatus": status,
        "LastModifiedTime": at(60),
        "CreationTime": at(-10),
        **changed,
    }
    return View(found, {"CreationTime": at(-10)}, pending_tags(EXECUTION), OWN if tags is None else tags)


def step(seen: View, *, is_lag_over: bool = False, made: Any = CREATED) -> Step:
    """Decide about an endpoint whose creation was requested at noon."""
    return Restoration(made, "SmokeTestFailedError", NOON).choose_step(seen, is_lag_over=is_lag_over, acted_at=None)


@pytest.mark.parametrize("status", ["InService", "Failed"])
def test_endpoint_with_the_stacks_tag_is_deleted_at_once(status: str) -> None:
    assert step(view(status)) is Step.DELETE


def test_tags_that_are_not_visible_are_waited_for() -> None:
    assert step(view(tags={})) is Step.LOOK_AGAIN
    assert step(view(tags={}), is_lag_over=True) is Step.DONE


def test_endpoint_of_another_stack_stays() -> None:
    assert step(view(tags={STACK_TAG: "other"})) is Step.DONE


@pytest.mark.parametrize(
    ("age", "expected"),
    [(timedelta(minutes=1), Step.DELETE), (timedelta(minutes=1, seconds=1), Step.DONE)],
    ids=["as old as the config", "older"],
)
def test_endpoint_older_than_its_config_has_served_another_one(age: timedelta, expected: Step) -> None:
    seen = view(CreationTime=at(-10) - age)

    assert step(seen, made=UPDATED) is expected
    assert step(replace(seen, config=None), made=UPDATED) is Step.DONE


@pytest.mark.parametrize("status", ["OutOfService", "UpdateRollbackFailed"])
def test_endpoint_that_a_person_has_to_help_stays(status: str) -> None:
    assert step(view(status)) is Step.DONE
