"""The deployer broken on purpose: requests, errors, order."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import describe_endpoint_config
import plan_deployment
from deployer.planning import drafting
from deployer.planning.drafting import Drafting
from deployer.planning.plan import Action
from deployer.request.service_model import Problem
from tests.machine.mutations import Definition, around, breaks, decide_by, redefine, retriers
from tests.machine.told_stories import a_late_event_between_two_equal_ones

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


@breaks("planning_changes_nothing", seed=3)
def plan_and_create(patch: pytest.MonkeyPatch) -> None:
    """Creates models while it plans."""

    def planned(decided: Callable[..., Any], self: Drafting, plan: Any, now: Any) -> Any:
        for model in plan.models:
            self.sagemaker.create_model(model)
        return decided(self, plan, now)

    around(patch, Drafting, "decided", planned)


@breaks("what_was_rejected_made_nothing", seed=3)
def create_before_checking(patch: pytest.MonkeyPatch) -> None:
    """Creates a model before the request is checked."""

    def settled(inner: Callable[..., Any], self: Drafting, plan: Any, *given: Any) -> Any:
        model = {"ModelName": f"early-{plan.request_id.replace('.', '-')}", "PrimaryContainer": {"Image": "early:1"}}
        self.sagemaker.create_model(model)
        return inner(self, plan, *given)

    around(patch, Drafting, "settled", settled)


@breaks("wrong_requests_are_rejected", seed=13)
def take_any_account(patch: pytest.MonkeyPatch) -> None:
    """Takes events of any account."""

    def arrived(arrive: Callable[..., Any], document: Any, name: str, started_at: Any, landing: Any) -> Any:
        if isinstance(document, dict) and "account" in document:
            document = {**document, "account": landing.account}
        return arrive(document, name, started_at, landing)

    around(patch, plan_deployment, "arrive", arrived)


@breaks("good_requests_are_not_rejected", seed=2)
def find_fault_with_updates(patch: pytest.MonkeyPatch) -> None:
    """Finds fault with every change of a live endpoint."""
    patch.setattr(drafting, "live_problems", lambda *_: [Problem("EndpointConfig", "is another one")])


@breaks("every_error_is_known", seed=3)
def fail_with_what_nobody_knows(patch: pytest.MonkeyPatch) -> None:
    """Raises what is no word of the state machine."""

    def handler(*_: Any) -> None:
        raise KeyError("CreationTime")

    patch.setattr(describe_endpoint_config, "handler", handler)


@breaks("permanent_errors_are_not_tried_again", seed=3)
def retry_anything(patch: pytest.MonkeyPatch) -> None:
    """Retries every error."""

    def change(definition: Definition) -> None:
        for state in definition["States"].values():
            if state["Type"] == "Task":
                state["Retry"] = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2}]

    redefine(patch, change)


@breaks("tries_are_bounded", seed=1)
def retry_for_ever(patch: pytest.MonkeyPatch) -> None:
    """Retries as often as it takes."""

    def change(definition: Definition) -> None:
        for retrier in retriers(definition):
            retrier["MaxAttempts"] = 200

    redefine(patch, change)


@breaks("failures_have_their_reason", seed=6)
def retry_no_stale_read(patch: pytest.MonkeyPatch) -> None:
    """Does not retry what is not visible yet."""

    def change(definition: Definition) -> None:
        for retrier in retriers(definition):
            retrier["ErrorEquals"] = [each for each in retrier["ErrorEquals"] if "NotVisible" not in each] or ["None"]

    redefine(patch, change)


@breaks("an_older_request_never_replaces_a_newer_one", seed=22)
def ignore_the_order(patch: pytest.MonkeyPatch) -> None:
    """Lets a late request win."""
    decide_by(patch, lambda action: Action.UPDATE if action is Action.SUPERSEDED else action)


@breaks("a_revision_goes_live_once", seed=20)
def ignore_the_order_of_copies(patch: pytest.MonkeyPatch) -> None:
    """Lets a late copy of an event win."""
    ignore_the_order.apply(patch)


@breaks("endpoints_end_on_the_newest_request", seed=2, tell=a_late_event_between_two_equal_ones)
def forget_to_confirm(patch: pytest.MonkeyPatch) -> None:
    """Does not note that what is live was asked for again."""
    decide_by(patch, lambda action: Action.NOTHING_TO_DO if action is Action.CONFIRM else action)


@breaks("one_event_is_one_revision", seed=2)
def forget_when(patch: pytest.MonkeyPatch) -> None:
    """Takes an event to have happened when its execution starts."""

    def arrived(arrive: Callable[..., Any], document: Any, name: str, started_at: Any, landing: Any) -> Any:
        return dataclasses.replace(arrive(document, name, started_at, landing), requested_at=started_at)

    around(patch, plan_deployment, "arrive", arrived)
