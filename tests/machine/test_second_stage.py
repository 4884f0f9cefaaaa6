"""The campaign's second stage: it gets what the first stage has announced, and reads what that one has stored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from local.simulation.checker import check
from local.simulation.features import FEATURES
from local.simulation.report import report, undrawn
from local.simulation.runner import run_scenario, run_stages
from local.simulation.second_stage import make_second_stage
from local.simulation.stages import Promotion, StagedObject
from local.simulation.timeline import summarize_scenario
from local.simulation.totals import Totals
from tests.machine.mutated_promotions import promoted_uploads

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulation.scenario import Scenario
    from local.virtual_time.world import World

_SEEDS = range(4)


def second_stage(make_world: Callable[..., World], seed: int) -> Scenario:
    """Run the first stage of the scripted scenario, and make the second one."""
    made = make_second_stage(run_scenario(promoted_uploads(seed), make_world))
    assert made
    return made


def test_second_stage_serves_the_revisions_of_the_first_one(make_world: Callable[..., World]) -> None:
    """Events may be lost, late or doubled; no seed violates an invariant."""
    promoted = 0
    for seed in _SEEDS:
        recordings = list(run_stages(promoted_uploads(seed), make_world))

        assert [check(recording)[0] for recording in recordings] == [[], []], seed
        promoted += sum(isinstance(run.request, Promotion) and run.has_succeeded for run in recordings[1].runs)

    assert promoted >= len(_SEEDS)


def test_first_bucket_holds_the_objects_of_a_promotion_before_its_event(make_world: Callable[..., World]) -> None:
    """Each object that a promotion needs is written before its event is put, under the version that was deployed."""
    made = second_stage(make_world, 0)

    written: dict[str, StagedObject] = {}
    for step in made.steps:
        if isinstance(step, StagedObject):
            written.setdefault(step.key, step)
    promotions = [step for step in made.steps if isinstance(step, Promotion) and step.stored]
    assert promotions
    for promotion in promotions:
        for key in promotion.keys:
            assert written[key].at < promotion.at
            assert written[key].version


def test_overwritten_artifact_cannot_be_promoted(make_world: Callable[..., World]) -> None:
    """Somebody has overwritten the stored copy by then: the request is invalid from the beginning."""
    made = [second_stage(make_world, seed) for seed in _SEEDS]

    overwriting = [[step for step in each.steps if step.name.startswith("overwrite-promotion")] for each in made]
    assert any(overwriting)
    for scenario, overwrites in zip(made, overwriting, strict=True):
        names = {step.name.removeprefix("overwrite-") for step in overwrites}
        assert {step.validity for step in scenario.requests if step.name in names} <= {"invalid"}


def test_summary_of_a_second_stage_names_the_promotions(make_world: Callable[..., World]) -> None:
    lines = "\n".join(summarize_scenario(second_stage(make_world, 0)))

    assert "Deployed of churn is promoted by 999988887777" in lines
    assert "request.json of the first stage is written" in lines


def test_scenario_that_is_not_promoted_has_one_stage(make_world: Callable[..., World]) -> None:
    alone = replace(promoted_uploads(0), is_promoted=False)

    assert len(list(run_stages(alone, make_world))) == 1


def test_report_counts_every_feature() -> None:
    """One that is never drawn has a zero."""
    totals = Totals("code")
    totals.features[FEATURES[0]] = 1200

    text = report(totals)

    assert f"| {FEATURES[0]} | 1,200 |" in text
    assert f"| {FEATURES[1]} | 0 |" in text
    assert undrawn(totals) == [*FEATURES[1:]]
