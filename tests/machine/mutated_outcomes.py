"""The deployer broken on purpose: what is served, what an outcome says, how it waits and how it ends."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import announce_outcome
import describe_endpoint
import plan_deployment
import record_deployment
import smoke_test_endpoint
import wake_execution
from deployer import runtime
from deployer.aws.step_functions import Executions
from deployer.cleanup import restore
from deployer.cleanup.restore import Restoration, Step
from deployer.planning import choose, decisions, names, plan
from deployer.planning.live import Live
from deployer.planning.plan import Action
from deployer.tags import DEPLOYED, EXECUTION_TAG
from local.simulation.environments import Deployment
from tests.machine.mutations import Definition, around, breaks, decide_by, redefine
from tests.machine.repeated_scenarios import (
    copies_after_a_failed_smoke_test,
    redriven_after_its_twin,
    resumed_broken_update,
)
from tests.machine.scripted_scenarios import (
    broken_update,
    forgotten_approval,
    refused_repetition,
    stack_update_while_waiting,
    superseded_in_its_smoke_test,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


@breaks("endpoints_keep_answering", seed=0, make=broken_update)
def delete_instead_of_reverting(patch: pytest.MonkeyPatch) -> None:
    """Deletes an endpoint instead of changing it back."""

    def chosen(inner: Callable[..., Step], self: Restoration, *given: Any, **options: Any) -> Step:
        step = inner(self, *given, **options)
        return Step.DELETE if step is Step.REVERT else step

    around(patch, Restoration, "choose_step", chosen)


@breaks("failed_revisions_do_not_stay_live", seed=0, make=broken_update)
def restore_nothing(patch: pytest.MonkeyPatch) -> None:
    """Leaves the endpoint as it is after a failure."""
    patch.setattr(Restoration, "choose_step", lambda *_, **__: Step.DONE)


@breaks("failed_revisions_do_not_stay_live", seed=0, make=resumed_broken_update)
def resume_without_previous(patch: pytest.MonkeyPatch) -> None:
    """Resumes without knowing what the endpoint served before."""
    patch.setattr(Live, "previous", property(lambda _: ""))


@breaks("endpoints_end_on_the_newest_request", seed=0, make=redriven_after_its_twin)
def restore_anything(patch: pytest.MonkeyPatch) -> None:
    """Restores the endpoint without asking whose change it was."""

    def chosen(inner: Callable[..., Step], self: Restoration, view: Any, **options: Any) -> Step:
        return inner(self, dataclasses.replace(view, tags={EXECUTION_TAG: self.plan.execution}), **options)

    around(patch, Restoration, "choose_step", chosen)
    patch.setattr(Restoration, "is_needless", property(lambda _: False))


@breaks("nothing_goes_live_without_its_approval", seed=0, make=forgotten_approval)
def ask_nobody(patch: pytest.MonkeyPatch) -> None:
    """Deploys without the approval that a request asks for."""
    patch.setattr(choose, "approval_to_request", lambda *_: None)


@breaks("failed_revisions_do_not_stay_live", seed=0, make=refused_repetition)
def trust_a_refused_repetition(patch: pytest.MonkeyPatch) -> None:
    """Takes a refused repetition for proof that nothing was changed."""
    patch.setattr(restore, "_CONCLUSIVE_ERRORS", restore._CONCLUSIVE_ERRORS | {"ChangeUncertainError"})


@breaks("runs_restore_their_own_changes", seed=0, make=copies_after_a_failed_smoke_test)
def restore_again(patch: pytest.MonkeyPatch) -> None:
    """Restores the endpoint after another copy of the event has deployed the revision again."""
    around(
        patch,
        Restoration,
        "choose_step",
        lambda inner, *given, **options: inner(*given, **{**options, "acted_at": None}),
    )


@breaks("deployed_means_in_service_and_tested", seed=0, make=superseded_in_its_smoke_test)
def count_any_answer(patch: pytest.MonkeyPatch) -> None:
    """Counts the answers of a smoke test, whatever the endpoint serves by then."""

    def described(plan: Any) -> Any:
        times = dict.fromkeys(("CreationTime", "LastModifiedTime"), datetime.now(UTC))
        live = {"EndpointName": "", "EndpointArn": "", "EndpointStatus": "InService", **times}
        return SimpleNamespace(describe_endpoint=lambda _: {**live, "EndpointConfigName": plan.revision})

    patch.setattr(smoke_test_endpoint, "sagemaker", described)


@breaks("deployed_means_in_service_and_tested", seed=12)
def accept_any_config(patch: pytest.MonkeyPatch) -> None:
    """Takes any endpoint in service for its own."""
    patch.setattr(describe_endpoint, "in_service", lambda _plan, live, *_: live.status == "InService")


@breaks("deployed_means_in_service_and_tested", seed=0)
def skip_the_smoke_test(patch: pytest.MonkeyPatch) -> None:
    """Skips the smoke test."""
    patch.setattr(smoke_test_endpoint, "handler", lambda *_: {"Answers": 1, "MaxLatencyMilliseconds": 0.0})


@breaks("deployed_means_in_service_and_tested", seed=0)
def wake_without_describing(patch: pytest.MonkeyPatch) -> None:
    """Believes events without describing the endpoint."""

    def sent(inner: Callable[..., bool], self: Executions, token: str, output: Any) -> bool:
        return inner(self, token, {**output, "InService": True, "EndpointStatus": "InService", "Variants": []})

    around(patch, Executions, "send_success", sent)


@breaks("only_successes_are_marked_as_deployed", seed=0)
def mark_everything_as_deployed(patch: pytest.MonkeyPatch) -> None:
    """Marks every config as deployed when it creates it."""
    patch.setattr(plan, "PENDING", DEPLOYED)


@breaks("only_successes_are_marked_as_deployed", seed=0)
def record_nothing(patch: pytest.MonkeyPatch) -> None:
    """Does not record what was deployed."""
    patch.setattr(record_deployment, "handler", lambda *_: {})


@breaks("success_means_the_requested_content", seed=0)
def ignore_the_content(patch: pytest.MonkeyPatch) -> None:
    """Gives all content the same digest."""
    patch.setattr(names, "digest", lambda _: "0123456789ab")


@breaks("nothing_to_do_means_already_live", seed=0)
def do_nothing(patch: pytest.MonkeyPatch) -> None:
    """Finds nothing to do where there is an endpoint."""
    decide_by(patch, lambda action: Action.NOTHING_TO_DO if action is Action.UPDATE else action)


@breaks("superseded_means_a_newer_request", seed=0)
def give_way(patch: pytest.MonkeyPatch) -> None:
    """Gives way to whatever is live."""
    decide_by(patch, lambda action: Action.SUPERSEDED if action is Action.UPDATE else action)


@breaks("final_requests_are_deployed", seed=0)
def never_update(patch: pytest.MonkeyPatch) -> None:
    """Waits with an update for ever."""
    decide_by(patch, lambda action: Action.WAIT if action is Action.UPDATE else action)


@breaks("executions_end_in_a_named_outcome", seed=0)
def end_early(patch: pytest.MonkeyPatch) -> None:
    """Ends after ten minutes, whatever state it is in."""
    redefine(patch, lambda definition: definition.update(TimeoutSeconds=600))


@breaks("outcomes_are_announced", seed=0)
def announce_nothing(patch: pytest.MonkeyPatch) -> None:
    """Announces no outcome."""
    patch.setattr(announce_outcome, "announce", lambda *_: None)


@breaks("outcomes_are_announced", seed=0)
def announce_a_restoration(patch: pytest.MonkeyPatch) -> None:
    """Announces as restored what was not."""

    def concluded(inner: Callable[..., Any], *given: Any) -> Any:
        return {**inner(*given), "Restored": "a-revision-that-never-was"}

    around(patch, announce_outcome, "conclude", concluded)


@breaks("executions_are_bounded", seed=0)
def take_days(patch: pytest.MonkeyPatch) -> None:
    """Waits for more than two days."""

    def change(definition: Definition) -> None:
        del definition["TimeoutSeconds"]
        definition["States"]["WaitForEndpointConfig"]["Seconds"] = 200_000

    redefine(patch, change)


@breaks("executions_keep_their_settings", seed=0, make=stack_update_while_waiting)
def run_the_newest_functions(patch: pytest.MonkeyPatch) -> None:
    """Lets executions run the newest functions, not the published version that they began with."""
    patch.setattr(Deployment, "run_published", lambda _self, start, _settings: start())


@breaks("events_end_waits", seed=0)
def ignore_events(patch: pytest.MonkeyPatch) -> None:
    """Ignores the events of SageMaker."""
    patch.setattr(wake_execution, "handler", lambda *_: {"Woken": []})


@breaks("lost_events_cost_one_interval", seed=0)
def rely_on_events(patch: pytest.MonkeyPatch) -> None:
    """Waits for an event until the deadline."""
    patch.setattr(decisions, "first_look_seconds", lambda deadline, now: int((deadline - now).total_seconds()) + 1)


@breaks("secrets_are_not_disclosed", seed=0)
def log_inputs(patch: pytest.MonkeyPatch) -> None:
    """Logs the inputs of executions."""

    def logged(handler: Callable[..., Any], event: Any, context: Any) -> Any:
        runtime.logger.info("Planning", extra={"event": event})
        return handler(event, context)

    around(patch, plan_deployment, "handler", logged)
