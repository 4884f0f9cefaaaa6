"""The deployer broken on purpose: changes of weights, their record, and what is put back after a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import update_weights
from deployer.cleanup import put_back_weights, restore, restore_view
from deployer.planning import checked_update, plan
from deployer.planning.weight_record import Entry, WeightRecord
from tests.machine.mutations import around, breaks
from tests.machine.weight_scenarios import (
    changed_content_and_weights,
    changed_weights,
    failed_change_of_count,
    late_weights,
    stopped_before_its_smoke_test,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


@breaks("failed_runs_leave_weights_as_they_were", seed=0, make=failed_change_of_count)
def put_back_no_counts(patch: pytest.MonkeyPatch) -> None:
    """Puts weights back after a failure, and leaves the counts."""

    def weights_only(inner: Callable[..., list[Any]], *given: Any) -> list[Any]:
        return [each for each in inner(*given) if "DesiredWeight" in each]

    for module in (put_back_weights, restore_view):
        around(patch, module, "missing_weights", weights_only)


@breaks("endpoints_have_the_weights_of_what_they_serve", seed=0, make=failed_change_of_count)
def put_back_the_record_only(patch: pytest.MonkeyPatch) -> None:
    """Records after a failure that weights are put back, and puts none back."""
    for module in (put_back_weights, restore_view):
        patch.setattr(module, "missing_weights", lambda *_: [])


@breaks("deployed_weights_took_effect", seed=0, make=changed_weights)
def change_no_weights(patch: pytest.MonkeyPatch) -> None:
    """Takes weights for changed that it has not changed."""
    for module in (update_weights, plan):
        patch.setattr(module, "weight_change", lambda *_: [])


@breaks("only_weights_are_changed_in_place", seed=0, make=changed_content_and_weights)
def change_weights_of_anything(patch: pytest.MonkeyPatch) -> None:
    """Takes a request with other models for one with other weights only."""
    patch.setattr(checked_update, "changes_only_weights", lambda *_: True)


@breaks("weight_records_have_no_gaps", seed=0, make=changed_weights)
def skip_numbers(patch: pytest.MonkeyPatch) -> None:
    """Leaves numbers out of the record of weights."""

    def recorded(inner: Callable[..., bool], *given: Any) -> bool:
        return inner(*given[:-1], given[-1] + 1)

    around(patch, update_weights, "record_weights", recorded)


def _without_record(patch: pytest.MonkeyPatch) -> None:
    def last(inner: Callable[..., Entry], self: WeightRecord, endpoint: str, config: str) -> Entry:
        return inner(self, endpoint, config)._replace(revision=config)

    around(patch, WeightRecord, "last", last)


@breaks("older_requests_never_replace_newer_ones", seed=0, make=late_weights)
def plan_without_the_record(patch: pytest.MonkeyPatch) -> None:
    """Plans without the record of weights."""
    _without_record(patch)


@breaks("nothing_to_do_means_already_live", seed=0, make=changed_weights)
def find_old_weights(patch: pytest.MonkeyPatch) -> None:
    """Takes the weights that an endpoint config was made with for those that it has."""
    _without_record(patch)


@breaks("nothing_in_use_is_swept", seed=0, make=stopped_before_its_smoke_test)
def sweep_without_the_record(patch: pytest.MonkeyPatch) -> None:
    """Sweeps without the record of weights."""
    patch.setattr(WeightRecord, "served", lambda _self, endpoint: endpoint.get("EndpointConfigName", ""))


@breaks("failed_revisions_do_not_stay_live", seed=0, make=failed_change_of_count)
def restore_no_weights(patch: pytest.MonkeyPatch) -> None:
    """Puts no weights back after a failure."""
    around(patch, restore.Restoration, "choose_step", _unless_weights)


def _unless_weights(inner: Callable[..., restore.Step], self: restore.Restoration, *given: Any, **more: Any) -> Any:
    return restore.Step.DONE if self.plan.has_shared_base else inner(self, *given, **more)
