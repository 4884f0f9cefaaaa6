"""The deployer broken on purpose: what is served, what an outcome says, what is deleted and left, and the end."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import announce_outcome
import describe_endpoint
import plan_deployment
import retire_revisions
import smoke_test_endpoint
import undo_deployment
from deployer.aws.s3 import Artifacts
from deployer.aws.sagemaker import Hosting
from deployer.cleanup.retiring import Retiring
from deployer.cleanup.undoing import Undoing
from deployer.outcome import conclude
from deployer.planning import names
from deployer.planning.plan import Action
from tests.machine.mutations import Definition, around, breaks, decide_by, redefine
from tests.machine.told_stories import one_that_is_taken_back, one_while_another_is_undone, two_on_one_model

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


class NothingInUse:
    """Finds everything free to go."""

    def configs_in_use(self, _configs: Any) -> set[str]:
        """Look at no endpoint."""
        return set()

    def models_in_use(self, _models: Any, **_: Any) -> set[str]:
        """Look at no config."""
        return set()


@breaks("endpoints_keep_answering", seed=0, tell=one_that_is_taken_back)
def delete_what_served(patch: pytest.MonkeyPatch) -> None:
    """Deletes an endpoint instead of going back."""

    def deleted(self: Undoing, *_: Any) -> bool:
        self.sagemaker.delete_endpoint(self.plan.endpoint_name)
        return False

    patch.setattr(Undoing, "_gone_back", deleted)


@breaks("what_failed_is_not_live", seed=1)
def leave_the_endpoint(patch: pytest.MonkeyPatch) -> None:
    """Undoes all but the endpoint."""
    patch.setattr(Undoing, "_settle_endpoint", lambda _: True)


@breaks("deployed_means_in_service_and_tested", seed=26)
def take_any_config(patch: pytest.MonkeyPatch) -> None:
    """Takes any endpoint in service for its own."""
    patch.setattr(describe_endpoint, "in_service", lambda _plan, live, _now: live.endpoint_status == "InService")


@breaks("deployed_means_in_service_and_tested", seed=3)
def skip_the_smoke_test(patch: pytest.MonkeyPatch) -> None:
    """Skips the smoke test."""
    patch.setattr(smoke_test_endpoint, "handler", lambda *_: {"Answers": 1, "MaxLatencyMilliseconds": 0.0})


@breaks("success_means_what_was_asked_for", seed=2)
def ignore_the_content(patch: pytest.MonkeyPatch) -> None:
    """Gives all content the same digest."""
    patch.setattr(names, "digest", lambda _: "0123456789ab")


@breaks("nothing_to_do_means_it_is_live", seed=4)
def do_nothing(patch: pytest.MonkeyPatch) -> None:
    """Finds nothing to do where there is an endpoint."""
    decide_by(patch, lambda action: Action.NOTHING_TO_DO if action is Action.UPDATE else action)


@breaks("superseded_means_there_is_something_newer", seed=2)
def give_way(patch: pytest.MonkeyPatch) -> None:
    """Gives way to whatever is live."""
    decide_by(patch, lambda action: Action.SUPERSEDED if action is Action.UPDATE else action)


@breaks("the_next_good_request_is_deployed", seed=4)
def never_update(patch: pytest.MonkeyPatch) -> None:
    """Waits with an update for ever."""
    decide_by(patch, lambda action: Action.WAIT if action is Action.UPDATE else action)


@breaks("nothing_in_use_is_deleted", seed=2)
def undo_what_is_in_use(patch: pytest.MonkeyPatch) -> None:
    """Undoes without looking who uses what."""
    patch.setattr(undo_deployment, "usage", lambda _: NothingInUse())


@breaks("nothing_in_use_is_deleted", seed=23)
def retire_what_is_in_use(patch: pytest.MonkeyPatch) -> None:
    """Retires without looking who uses what."""
    patch.setattr(retire_revisions, "usage", lambda _: NothingInUse())


@breaks("nothing_in_use_is_deleted", seed=1, tell=one_while_another_is_undone)
def lay_no_claim(patch: pytest.MonkeyPatch) -> None:
    """Lays no claim to what another run made."""
    patch.setattr(Hosting, "_claim", lambda *_, **__: False)


@breaks("nothing_in_use_is_deleted", seed=3, tell=two_on_one_model)
def respect_no_claim(patch: pytest.MonkeyPatch) -> None:
    """Respects no claim of another run."""
    patch.setattr(Undoing, "_claimants", lambda *_: {})


@breaks("only_what_is_ours_is_deleted", seed=16)
def take_all_for_ours(patch: pytest.MonkeyPatch) -> None:
    """Takes whatever it finds for its own."""
    patch.setattr(Hosting, "made_by_this_execution", lambda *_: True)
    patch.setattr(Retiring, "_is_ours", lambda *_: True)


@breaks("no_object_is_written", seed=7)
def write_an_object(patch: pytest.MonkeyPatch) -> None:
    """Leaves a note beside the artifact."""

    def noted(find: Callable[..., Any], self: Artifacts, bucket: str, key: str) -> Any:
        self._client.put_object(Bucket=bucket, Key=f"{key}.seen", Body=b"")
        return find(self, bucket, key)

    around(patch, Artifacts, "find", noted)


@breaks("nothing_is_left_behind", seed=2)
def undo_nothing(patch: pytest.MonkeyPatch) -> None:
    """Says that all is undone, and undoes nothing."""
    done = {"Done": True, "Left": [], "Until": "", "PollSeconds": 1, "HasWaited": True}
    patch.setattr(undo_deployment, "handler", lambda *_: done)


@breaks("what_is_left_is_told_truly", seed=2)
def tell_of_more(patch: pytest.MonkeyPatch) -> None:
    """Names as left what never was."""

    def told(report: Callable[..., Any], *given: Any, **options: Any) -> Any:
        found = report(*given, **options)
        return {**found, "Left": [*found["Left"], "a-model-that-never-was"]} if found["Done"] else found

    around(patch, Undoing, "_report", told)


@breaks("old_revisions_go", seed=61)
def retire_nothing(patch: pytest.MonkeyPatch) -> None:
    """Retires nothing."""
    patch.setattr(Retiring, "retire", lambda _: [])


@breaks("every_execution_ends_in_a_named_outcome", seed=7)
def end_early(patch: pytest.MonkeyPatch) -> None:
    """Ends after ten minutes, wherever it is."""
    redefine(patch, lambda definition: definition.update(TimeoutSeconds=600))


@breaks("the_bus_is_told_the_outcome", seed=3)
def tell_nobody(patch: pytest.MonkeyPatch) -> None:
    """Tells the bus nothing."""

    def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
        now = datetime.fromisoformat(event["Now"])
        return {"Error": "", "Cause": "", **conclude(event["Data"], event["Input"], event["Execution"], now)}

    patch.setattr(announce_outcome, "handler", handler)


@breaks("executions_are_bounded", seed=3)
def take_days(patch: pytest.MonkeyPatch) -> None:
    """Waits for more than a day."""

    def change(definition: Definition) -> None:
        del definition["TimeoutSeconds"]
        definition["States"]["WaitForEndpointConfig"]["Seconds"] = 100_000

    redefine(patch, change)


@breaks("secrets_are_not_told", seed=3)
def log_what_comes_in(patch: pytest.MonkeyPatch) -> None:
    """Logs what comes in."""

    def logged(handler: Callable[..., Any], event: Any, context: Any) -> Any:
        plan_deployment.logger.info("Planning", extra={"event": event})
        return handler(event, context)

    around(patch, plan_deployment, "handler", logged)
