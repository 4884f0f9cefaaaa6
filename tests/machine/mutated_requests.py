"""The deployer broken on purpose: requests, errors, order."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import describe_endpoint_config
import plan_deployment
from deployer import clock
from deployer.planning import checked_update, draft
from deployer.planning.choose import Planning
from deployer.planning.draft_state import Draft
from deployer.planning.plan import Action
from deployer.request.problem import Problem
from tests.machine.mutations import Definition, around, breaks, decide_by, redefine, retriers
from tests.machine.scripted_scenarios import (
    late_copy_of_an_event,
    late_event_between_equal_requests,
    unavailable_service,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


@breaks("planning_changes_nothing", seed=0)
def create_while_planning(patch: pytest.MonkeyPatch) -> None:
    """Creates models while it plans."""

    def decided(inner: Callable[..., Any], self: Planning, plan: Any, *given: Any, **named: Any) -> Any:
        made = inner(self, plan, *given, **named)
        for model in made.model_requests(clock.now()):
            self.sagemaker.create_model(model)
        return made

    around(patch, Planning, "decided", decided)


@breaks("rejected_requests_have_no_effect", seed=0)
def create_before_checking(patch: pytest.MonkeyPatch) -> None:
    """Creates a model before the request is checked."""

    def drafted(inner: Callable[..., Any], *given: Any) -> Any:
        *_, planning = given
        planning.sagemaker.create_model({"ModelName": "early", "PrimaryContainer": {"Image": "early:1"}, "Tags": []})
        return inner(*given)

    around(patch, plan_deployment, "draft_deployment", drafted)


@breaks("dry_runs_change_nothing", seed=0)
def deploy_dry_runs(patch: pytest.MonkeyPatch) -> None:
    """Deploys what a dry run only asks about."""
    patch.setattr(Draft, "is_dry_run", property(lambda _: False))


@breaks("invalid_requests_are_rejected", seed=31)
def accept_any_account(patch: pytest.MonkeyPatch) -> None:
    """Accepts events of any account."""

    def parsed(inner: Callable[..., Any], document: Any, name: str, started_at: Any, location: Any, *more: Any) -> Any:
        if isinstance(document, dict) and "account" in document:
            document = {**document, "account": location.account}
        return inner(document, name, started_at, location, *more)

    around(patch, draft, "parse_trigger", parsed)


@breaks("valid_requests_are_not_rejected", seed=0)
def reject_updates(patch: pytest.MonkeyPatch) -> None:
    """Rejects every change of a live endpoint."""
    patch.setattr(checked_update, "live_problems", lambda *_: [Problem("EndpointConfig", "is another one")])


@breaks("only_known_errors_are_raised", seed=0)
def raise_unknown_errors(patch: pytest.MonkeyPatch) -> None:
    """Raises errors that the state machine does not know."""

    def handler(*_: Any) -> None:
        raise KeyError("CreationTime")

    patch.setattr(describe_endpoint_config, "handler", handler)


@breaks("permanent_errors_are_not_retried", seed=0)
def retry_all_errors(patch: pytest.MonkeyPatch) -> None:
    """Retries every error."""

    def change(definition: Definition) -> None:
        for state in definition["States"].values():
            if state["Type"] == "Task":
                state["Retry"] = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2}]

    redefine(patch, change)


@breaks("retries_are_bounded", seed=0, make=unavailable_service)
def retry_for_ever(patch: pytest.MonkeyPatch) -> None:
    """Retries as often as it takes."""

    def change(definition: Definition) -> None:
        for retrier in retriers(definition):
            retrier["MaxAttempts"] = 400

    redefine(patch, change)


@breaks("failures_have_a_true_reason", seed=0)
def retry_no_stale_read(patch: pytest.MonkeyPatch) -> None:
    """Does not retry what is not visible yet."""

    def change(definition: Definition) -> None:
        for retrier in retriers(definition):
            retrier["ErrorEquals"] = [each for each in retrier["ErrorEquals"] if "NotVisible" not in each] or ["None"]

    redefine(patch, change)


@breaks("older_requests_never_replace_newer_ones", seed=16)
def ignore_the_order(patch: pytest.MonkeyPatch) -> None:
    """Lets a late request win."""
    decide_by(patch, lambda action: Action.UPDATE if action is Action.SUPERSEDED else action)


@breaks("revisions_go_live_once", seed=0, make=late_copy_of_an_event)
def ignore_the_order_of_copies(patch: pytest.MonkeyPatch) -> None:
    """Lets a late copy of an event win."""
    ignore_the_order.apply(patch)


@breaks("endpoints_end_on_the_newest_request", seed=0, make=late_event_between_equal_requests)
def confirm_nothing(patch: pytest.MonkeyPatch) -> None:
    """Does not record that what is live was requested again."""
    decide_by(patch, lambda action: Action.NOTHING_TO_DO if action is Action.CONFIRM else action)


@breaks("copies_of_an_event_are_one_revision", seed=0)
def ignore_the_time_of_events(patch: pytest.MonkeyPatch) -> None:
    """Takes the start of an execution for the time of its event."""

    def parsed(inner: Callable[..., Any], document: Any, name: str, started_at: Any, *more: Any) -> Any:
        return dataclasses.replace(inner(document, name, started_at, *more), requested_at=started_at)

    around(patch, draft, "parse_trigger", parsed)
