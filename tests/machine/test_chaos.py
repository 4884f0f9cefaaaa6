"""A part of the fault campaign: its stories break no promise, and a deployer that is broken on purpose is noticed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from local.settings import ROOT
from local.simulation.generator import make_story
from local.simulation.judging import judge
from local.simulation.playing import play
from local.simulation.promises import PROMISES
from local.simulation.report import in_short, report, unvisited
from local.simulation.shrinking import shrink
from local.simulation.story import Stop
from local.simulation.timeline import tell_recording
from local.simulation.totals import Totals
from local.simulation.worker import try_story
from local.virtual_time.world import worlds
from tests.machine import mutated_deployments, mutated_requests
from tests.machine.mutations import Mutation, mutations_of
from tests.machine.told_stories import (
    a_late_event_between_two_equal_ones,
    one_that_is_taken_back,
    one_that_is_taken_back_superseded_another,
    one_while_another_is_undone,
    one_whose_model_loses_its_revision,
    two_on_one_model,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from local.simulation.story import Story

STORIES = range(274, 334)
"""Together they enter every state."""

_TRIES = 8
_UUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
"""Only Lambda's ids of requests are not repeated."""
_DOCUMENT = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
MUTATIONS = [*mutations_of(mutated_requests), *mutations_of(mutated_deployments)]


@pytest.fixture(scope="module")
def played() -> Iterator[Totals]:
    """What comes of the stories."""
    totals = Totals("")
    with worlds() as make_world:
        for seed in STORIES:
            totals.add(try_story(make_story(seed), make_world))
        yield totals


@pytest.mark.xdist_group("chaos")
def test_no_story_breaks_a_promise(played: Totals) -> None:
    """Requests, duplicates, faults, crashes and deeds by hand, as these seeds have them."""
    assert not played.broken, in_short(played)


@pytest.mark.xdist_group("chaos")
def test_the_stories_enter_every_state(played: Totals) -> None:
    """What no story comes to, no promise is held against."""
    assert not unvisited(played)


@pytest.mark.xdist_group("chaos")
def test_every_promise_has_something_to_look_at(played: Totals) -> None:
    """One that never looks at anything could not be broken."""
    assert {promise.__name__ for promise in PROMISES if not played.looks[promise.__name__]} == set()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.apply.__name__)
def test_a_broken_deployer_is_noticed(make_world: Any, monkeypatch: pytest.MonkeyPatch, mutation: Mutation) -> None:
    """Within a few stories, by the promise that it breaks."""
    mutation.apply(monkeypatch)

    for seed in range(mutation.seed, mutation.seed + _TRIES):
        violations, _ = judge(play(mutation.tell(seed), make_world))
        if mutation.promise in {violation.promise for violation in violations}:
            return

    pytest.fail(f"The deployer {mutation.what}, and nobody notices")


@pytest.mark.parametrize(
    "tell",
    [
        a_late_event_between_two_equal_ones,
        one_while_another_is_undone,
        one_whose_model_loses_its_revision,
        two_on_one_model,
        one_that_is_taken_back_superseded_another,
    ],
    ids=lambda tell: tell.__name__,
)
def test_what_seldom_happens_breaks_no_promise(make_world: Any, tell: Callable[[int], Story]) -> None:
    """Meetings of executions to the second, with whatever replica answers."""
    for seed in range(8):
        violations, _ = judge(play(tell(seed), make_world))

        assert not violations, seed


def test_what_was_taken_back_leaves_nothing(make_world: Any) -> None:
    """Even if a replica still shows the endpoint on what it has just been changed back from."""
    for seed in range(12):
        runs = play(one_that_is_taken_back(seed), make_world).runs

        assert [(run.outcome, run.left) for run in runs[:2]] == [("Deployed", []), ("Failed", [])], seed


@pytest.mark.parametrize("seed", [100375, 101124, 201649, 201708])
def test_what_a_campaign_found_is_mended(make_world: Any, seed: int) -> None:
    """Each of these stories broke a promise once."""
    assert judge(play(make_story(seed), make_world))[0] == []


def test_every_promise_can_be_broken() -> None:
    """For each there is a mutation that breaks it."""
    assert {mutation.promise for mutation in MUTATIONS} == {promise.__name__ for promise in PROMISES}


def test_a_seed_repeats_its_story(make_world: Any) -> None:
    """Down to the millisecond, or no violation could be looked into."""
    story = make_story(1)

    first, second = (_UUID.sub("", tell_recording(play(story, make_world))) for _ in range(2))

    assert first == second


def test_the_smallest_story_is_found() -> None:
    """What is not needed to break a promise is left out, copies of events included."""
    story = next(story for story in map(make_story, range(1000)) if any(isinstance(step, Stop) for step in story.steps))
    needed = next(step for step in story.steps if isinstance(step, Stop))

    smallest = shrink(story, lambda smaller: needed in smaller.steps)

    assert smallest.parts == (needed,)


def test_what_was_broken_is_told_last(make_world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The promise, the seed and the smallest story, in few lines; the report has all that happens in it."""
    mutation = next(each for each in MUTATIONS if each.promise == "success_means_what_was_asked_for")
    mutation.apply(monkeypatch)

    totals = try_story(make_story(mutation.seed), make_world)

    told = in_short(totals)
    assert f"Seed {mutation.seed} broke {mutation.promise}: " in told
    assert len(told.splitlines()) < 10 * len(totals.broken)
    assert f"Seed {mutation.seed}: {mutation.promise.replace('_', ' ')}" in report(totals)


def test_a_campaign_goes_on_where_it_ended(tmp_path: Path) -> None:
    """What was saved is continued with the same deployer; of another one it says nothing."""
    totals, path = Totals("a", first=3, following=7, executions=40), tmp_path / "report.json"
    totals.states["Deployed"] += 1
    totals.save(path)

    assert Totals.load(path, "a") == totals
    assert Totals.load(path, "b") == Totals("b")


def test_the_document_names_every_promise_and_mutation() -> None:
    """What docs/reliability.md says of the campaign is what is done here."""
    rows = [(what, caught) for what, caught in re.findall(r"^\| (.+?) \| `(\w+)` \|$", _DOCUMENT, re.MULTILINE)]

    assert {promise.__name__ for promise in PROMISES} <= set(re.findall(r"`(\w+)`", _DOCUMENT))
    assert set(rows) >= {(mutation.what, mutation.promise) for mutation in MUTATIONS}
