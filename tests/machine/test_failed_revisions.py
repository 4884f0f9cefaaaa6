"""Invariants of failed revisions: which run is to blame for what an endpoint serves after several have failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deployer.cleanup.restore import Restoration, Step
from local.simulation.account_state import at
from local.simulation.checker import check
from local.simulation.invariants.serving import failed_revisions_do_not_stay_live
from local.simulation.runner import run_scenario
from tests.machine.mutations import around
from tests.machine.repeated_scenarios import (
    created_again_by_a_copy,
    redriven_after_its_copy_restored,
    stopped_after_its_copy_failed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World


@pytest.mark.parametrize("seed", range(4))
def test_failed_run_is_not_to_blame_for_a_later_change_by_a_stopped_copy(
    make_world: Callable[..., World], seed: int
) -> None:
    """The failed run had deleted the endpoint; the copy that created it again was stopped before its smoke test."""
    recording = run_scenario(stopped_after_its_copy_failed(seed), make_world)

    failed, stopped = recording.runs[:2]
    assert (failed.outcome, stopped.end) == ("Failed", "ABORTED")
    assert at(recording.writes, failed.ended).endpoints_on(failed.revision) == ["churn"]
    assert check(recording)[0] == []


def test_copy_that_fails_and_restores_nothing_is_noticed_although_another_run_ends_after_it(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No run was stopped, so that one of the two had to take the revision off."""

    def chosen(inner: Callable[..., Step], self: Restoration, *given: Any, **options: Any) -> Step:
        is_copy = self.plan.execution.endswith("first.1")
        return Step.DONE if is_copy else inner(self, *given, **options)

    around(monkeypatch, Restoration, "choose_step", chosen)

    recording = run_scenario(created_again_by_a_copy(0), make_world)

    problems = [problem for problem in failed_revisions_do_not_stay_live(recording) if problem]
    failed, copy = recording.runs[:2]
    assert (failed.outcome, copy.outcome) == ("Failed", "Failed")
    assert copy.ended < failed.ended
    assert len(problems) == 1


@pytest.mark.parametrize("seed", range(3))
def test_stopped_run_is_not_at_work_until_it_is_redriven(make_world: Callable[..., World], seed: int) -> None:
    """Another copy of its event may restore the endpoint until then."""
    recording = run_scenario(redriven_after_its_copy_restored(seed), make_world)

    stopped, copy = recording.runs[:2]
    assert (copy.outcome, stopped.execution.redrive_count) == ("Failed", 1)
    assert [stopped.is_running(moment) for moment in (copy.began - 40, copy.ended, stopped.ended - 1)] == [
        True,
        False,
        True,
    ]
    assert check(recording)[0] == []
