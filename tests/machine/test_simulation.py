"""A part of the fault campaign: its scenarios violate no invariant, and a deployer broken on purpose is noticed."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest

from local.environment import ROOT
from local.simulation import __main__ as command
from local.simulation.account_state import at
from local.simulation.checker import check
from local.simulation.generator import make_scenario
from local.simulation.invariants import INVARIANTS
from local.simulation.report import report, summarize, unvisited
from local.simulation.runner import run_scenario, run_stages
from local.simulation.scenario import Stop
from local.simulation.shrinking import shrink
from local.simulation.timeline import describe_recording
from local.simulation.totals import Totals
from local.simulation.worker import run_and_check
from local.virtual_time.worlds import worlds
from tests.machine import (
    mutated_alarms,
    mutated_cleanup,
    mutated_drift,
    mutated_outcomes,
    mutated_promotions,
    mutated_requests,
    mutated_rollbacks,
    mutated_scaling,
    mutated_weights,
    repeated_scenarios,
    scripted_scenarios,
    weight_scenarios,
)
from tests.machine.mutations import Mutation, mutations_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from local.simulation.scenario import Scenario
    from local.virtual_time.world import World

SEEDS = (*range(59), 190)
"""Together these scenarios enter every state."""

_TRIES = 8
_UUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
"""Lambda's ids of requests, which alone are not repeated."""
_DOCUMENT = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
MUTATIONS = [
    *mutations_of(mutated_requests),
    *mutations_of(mutated_outcomes),
    *mutations_of(mutated_cleanup),
    *mutations_of(mutated_alarms),
    *mutations_of(mutated_rollbacks),
    *mutations_of(mutated_scaling),
    *mutations_of(mutated_drift),
    *mutations_of(mutated_promotions),
    *mutations_of(mutated_weights),
]


@pytest.fixture(scope="module")
def totals() -> Iterator[Totals]:
    """The totals of the scenarios."""
    summed = Totals("")
    with worlds() as make_world:
        for seed in SEEDS:
            summed.add(run_and_check(make_scenario(seed), make_world))
        yield summed


@pytest.mark.xdist_group("simulation")
def test_no_scenario_violates_an_invariant(totals: Totals) -> None:
    """Requests, duplicates, faults, crashes and operator actions, as these seeds have them."""
    assert not totals.violated, summarize(totals)


@pytest.mark.xdist_group("simulation")
def test_scenarios_enter_every_state(totals: Totals) -> None:
    """A state that no scenario enters is not tested by any invariant."""
    assert not unvisited(totals)


@pytest.mark.xdist_group("simulation")
def test_every_invariant_checks_at_least_one_case(totals: Totals) -> None:
    """One that never checks anything could not be violated."""
    assert {invariant.__name__ for invariant in INVARIANTS if not totals.checks[invariant.__name__]} == set()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.apply.__name__)
def test_mutation_is_caught(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, mutation: Mutation
) -> None:
    """The violated invariant catches it within a few scenarios."""
    mutation.apply(monkeypatch)

    for seed in range(mutation.seed, mutation.seed + _TRIES):
        for recording in run_stages(mutation.make(seed), make_world):
            if mutation.invariant in {violation.invariant for violation in check(recording)[0]}:
                return

    pytest.fail(f"The deployer {mutation.what}, and no scenario notices")


@pytest.mark.parametrize(
    "make",
    [
        scripted_scenarios.late_event_between_equal_requests,
        scripted_scenarios.late_copy_of_an_event,
        scripted_scenarios.unavailable_service,
        scripted_scenarios.stack_update_while_waiting,
        scripted_scenarios.broken_update,
        scripted_scenarios.refused_repetition,
        repeated_scenarios.copies_after_a_failed_smoke_test,
        scripted_scenarios.superseded_in_its_smoke_test,
        scripted_scenarios.broken_update_of_a_new_endpoint,
        repeated_scenarios.resumed_update,
        repeated_scenarios.resumed_broken_update,
        repeated_scenarios.slow_twins,
        repeated_scenarios.twin_that_cannot_record,
        repeated_scenarios.redriven_after_its_twin,
        repeated_scenarios.redriven_after_another_failed,
        repeated_scenarios.redriven_after_a_hand_over,
        scripted_scenarios.model_of_a_swept_revision,
        scripted_scenarios.two_revisions_of_one_model,
        scripted_scenarios.lagging_replicas,
        scripted_scenarios.lost_events,
        scripted_scenarios.forgotten_approval,
        scripted_scenarios.deleted_endpoint,
        scripted_scenarios.smoke_test_during_a_sweep,
        scripted_scenarios.overwritten_while_copied,
        scripted_scenarios.overwritten_while_live,
        weight_scenarios.changed_weights,
        weight_scenarios.late_weights,
        weight_scenarios.failed_change_of_count,
        weight_scenarios.stopped_before_its_smoke_test,
        weight_scenarios.redriven_after_other_weights,
        weight_scenarios.created_again_on_its_base,
        weight_scenarios.updated_back_to_its_base,
        weight_scenarios.broken_below_other_weights,
        weight_scenarios.weights_beside_an_update,
    ],
    ids=lambda make: make.__name__,
)
def test_scripted_scenario_violates_no_invariant(
    make_world: Callable[..., World], make: Callable[[int], Scenario]
) -> None:
    """Executions that coincide to the second, with whatever replica answers."""
    for seed in range(5):
        violations, _ = check(run_scenario(make(seed), make_world))

        assert not violations, seed


def test_broken_update_is_restored(make_world: Callable[..., World]) -> None:
    """The update is restored even if a replica still shows the endpoint on the failed revision."""
    for seed in range(8):
        runs = run_scenario(scripted_scenarios.broken_update(seed), make_world).runs

        assert [run.outcome for run in runs[:2]] == ["Deployed", "Failed"], seed


def test_failed_twin_does_not_revert_the_revision_of_its_twin(make_world: Callable[..., World]) -> None:
    """Case 15: the deployed revision stays live, and is what the final update replaces."""
    for seed in range(4):
        recording = run_scenario(repeated_scenarios.redriven_after_its_twin(seed), make_world)

        first, redriven, twin = recording.runs[:3]
        assert [first.outcome, redriven.outcome, twin.outcome] == ["Deployed", "Failed", "Deployed"]
        assert at(recording.writes, recording.settled).endpoints_on(twin.revision) == ["churn"]


def test_every_invariant_is_violated_by_a_mutation() -> None:
    """An invariant that nothing violates proves nothing."""
    assert {mutation.invariant for mutation in MUTATIONS} == {invariant.__name__ for invariant in INVARIANTS}


def test_seed_repeats_its_scenario(make_world: Callable[..., World]) -> None:
    """A repetition is equal to the millisecond, so that violations can be examined."""
    scenario = make_scenario(1)

    first, second = (_UUID.sub("", describe_recording(run_scenario(scenario, make_world))) for _ in range(2))

    assert first == second


def test_smallest_scenario_is_found() -> None:
    """Steps that are not needed to violate an invariant are left out, copies of events included."""
    made = map(make_scenario, range(1000))
    scenario = next(each for each in made if any(isinstance(step, Stop) for step in each.steps))
    needed = next(step for step in scenario.steps if isinstance(step, Stop))

    smallest = shrink(scenario, lambda smaller: needed in smaller.steps)

    assert smallest.parts == (needed,)


def test_summary_names_invariant_seed_and_smallest_scenario(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The summary has a few lines; the report has all events of the scenario."""
    mutation = next(each for each in MUTATIONS if each.invariant == "success_means_the_requested_content")
    mutation.apply(monkeypatch)

    totals = run_and_check(make_scenario(mutation.seed), make_world)

    summary = summarize(totals)
    assert f"Seed {mutation.seed} violated {mutation.invariant}: " in summary
    assert len(summary.splitlines()) < 12 * len(totals.violated)
    assert f"Seed {mutation.seed}: {mutation.invariant.replace('_', ' ')}" in report(totals)


def test_campaign_continues_where_it_was_interrupted(tmp_path: Path) -> None:
    """Saved totals are continued with the same code; those of other code do not count."""
    totals, path = Totals("a", first=3, following=7, executions=40), tmp_path / "report.json"
    totals.states["Deployed"] += 1
    totals.save(path)

    assert Totals.load(path, "a") == totals
    assert Totals.load(path, "b") == Totals("b")


def test_document_names_every_invariant_and_mutation() -> None:
    """The description of the campaign in docs/reliability.md is true."""
    rows = [(what, caught) for what, caught in re.findall(r"^\| (.+?) \| `(\w+)` \|$", _DOCUMENT, re.MULTILINE)]

    assert {invariant.__name__ for invariant in INVARIANTS} <= set(re.findall(r"`(\w+)`", _DOCUMENT))
    assert set(rows) >= {(mutation.what, mutation.invariant) for mutation in MUTATIONS}


@pytest.mark.parametrize(("executions", "status"), [(5, 0), (1_000, 1)], ids=["a few", "as many as by default"])
def test_states_that_were_never_entered_fail_a_large_campaign_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], executions: int, status: int
) -> None:
    """A few executions cannot enter every state; the help says from how many on that counts."""
    totals = Totals("code")
    totals.executions = executions
    monkeypatch.setattr(sys, "argv", ["local.simulation", "--executions", str(executions)])
    monkeypatch.setattr(command, "Totals", lambda _: totals)
    monkeypatch.setattr(command, "run", lambda *_, **__: None)

    assert command.main() == status
    assert unvisited(totals)[0] in capsys.readouterr().out
