"""The load's floor, its figures, its targets and their table in the documents."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from deployer.json_document import Document
from local.load_test import figures as module
from local.load_test.figures import Figures, table, write
from local.load_test.floor import Floor, floor_of
from local.load_test.uploads import Load, hosting
from local.simulator import Settings
from local.written import END, beginning
from tests.unit.load_samples import NEW, OLD, entered, run

if TYPE_CHECKING:
    from pathlib import Path


BEGIN = beginning("make load")
UPDATE_SECONDS = (
    260.0  # of `hosting`: 240 s for the new fleet, 10 s each for its traffic and for the end of the old one
)


def attempt(error: str = "") -> list[Document]:
    """Make the events of an attempt of a task."""
    ended = (
        {"type": "LambdaFunctionFailed", "lambdaFunctionFailedEventDetails": {"error": error}}
        if error
        else {"type": "LambdaFunctionSucceeded"}
    )
    return [{"type": "LambdaFunctionScheduled"}, {"type": "LambdaFunctionStarted"}, ended]


@pytest.fixture
def figures() -> Figures:
    """Two uploads: the first is retried once, and the second waits for its turn."""
    events = [entered("CreateModels"), *attempt("SageMakerThrottledError"), *attempt(), {"type": "TaskStateExited"}]
    once = [entered("CreateEndpoint"), *attempt("EndpointExistsError"), {"type": "TaskStateExited"}]
    again = [{"type": "WaitStateEntered", "stateEnteredEventDetails": {"name": "Wait"}}, entered("Plan"), *attempt()]
    first, second = run(0, OLD), run(1, NEW, DurationSeconds=8.0)
    return Figures(
        load=Load(uploads=2, endpoints=1, seconds=1.0, prefix="e"),
        floor=Floor(1, 1, 0, life_cycle_seconds=250.0, calls_per_second=None),
        runs=[replace(first, events=events), replace(second, events=[*once, *again])],
        answers=Counter({"ok": 20, "ThrottlingException": 3}),
        sweep_calls=7,
        speed=10.0,
        seconds=300.0,
        wall_seconds=30.0,
        milliseconds=250.0,
        wake_ups=4,
        violations=[],
    )


@pytest.mark.parametrize(
    ("load", "creations", "updates", "seconds"),
    [
        pytest.param(Load(1, 1), 1, 0, 180.0, id="a creation"),
        pytest.param(Load(2, 2, seconds=60.0), 2, 0, 30.0 + 180.0, id="the last endpoint ends last"),
        pytest.param(Load(2, 1, seconds=60.0), 1, 1, 180.0 + UPDATE_SECONDS, id="an update after the creation"),
        pytest.param(Load(4, 1, seconds=60.0), 1, 1, 180.0 + UPDATE_SECONDS, id="only the newest is deployed"),
        pytest.param(Load(2, 1, seconds=2000.0), 1, 1, 1000.0 + UPDATE_SECONDS, id="an upload to an idle endpoint"),
        pytest.param(Load(3, 1, seconds=600.0), 1, 2, 180.0 + 20.0 + 2 * UPDATE_SECONDS, id="one during each change"),
    ],
)
def test_floor_has_the_deployments_that_have_to_happen(
    load: Load, creations: int, updates: int, seconds: float
) -> None:
    """Each begins when the one before is done, with the newest upload; the others need none."""
    floor = floor_of(load, hosting(None))

    assert (floor.creations, floor.updates, floor.superseded) == (
        creations,
        updates,
        load.uploads - creations - updates,
    )
    assert floor.seconds == floor.life_cycle_seconds == seconds


def test_floor_is_the_longer_of_calls_and_life_cycles() -> None:
    """A limit of few calls a second can take longer than the endpoints do."""
    load = Load(uploads=200, endpoints=50)

    quick, slow = floor_of(load, hosting(10.0)), floor_of(load, hosting(1.0))

    assert (quick.creations, quick.updates, quick.superseded) == (50, 50, 100)
    assert quick.calls == 50 * 8 + 50 * 12 + 100
    assert quick.seconds == pytest.approx(49 * 0.3 + 180.0 + UPDATE_SECONDS)
    assert slow.seconds == slow.calls == quick.calls


def test_times_of_the_floor_are_those_of_the_settings() -> None:
    """A faster SageMaker makes a lower floor."""
    settings = Settings(create_seconds=1.0, update_seconds=2.0, stage_seconds=3.0)

    assert floor_of(Load(2, 1, seconds=1.0), settings).seconds == 1.0 + 2.0 + 2 * 3.0


def test_transitions_and_invocations_are_counted(figures: Figures) -> None:
    """A retry is a transition, too; an error that leads to another state is not a retry. Wake-ups are invocations."""
    assert figures.retries == {"SageMakerThrottledError": 1}
    assert figures.transitions == 4 + 1
    assert figures.invocations == 4 + 4
    assert figures.longest_history == 10


def test_price_is_that_of_transitions_invocations_and_their_time(figures: Figures) -> None:
    """Five transitions, eight invocations, and two seconds of half a gigabyte."""
    assert figures.dollars == pytest.approx(5 * 25e-6 + 8 * 0.2e-6 + 2 * 0.5 * 0.0000133334)


def test_times_are_on_the_clock_of_sagemaker(figures: Figures) -> None:
    """Where it runs faster, the events on the bus name shorter times."""
    rows = figures.rows()

    assert rows["an execution took"] == "50 s (median), 80 s at most"
    assert rows["last execution ended after"] == "300 s, in 30 s on the wall clock"
    assert rows["compared with the floor"] == "1.20 times its seconds"


def test_missed_targets_are_named(figures: Figures) -> None:
    """Too many calls, and too much time."""
    slow = replace(figures, seconds=500.0, answers=Counter({"ok": 50}))

    assert [*figures.missed_targets()] == []
    assert [*slow.missed_targets()] == [
        "an upload took 25.0 calls of SageMaker; the target is 15",
        "the load took 2.00 times its floor; the target is 1.3",
    ]


def test_a_table_takes_the_place_of_the_one_before(
    figures: Figures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text around it stays, however often it is written."""
    document, text = tmp_path / "benchmarks.md", table(figures, figures)
    document.write_text(f"before\n\n{BEGIN}\nold\n\n{END}\nafter\n")
    monkeypatch.setattr(module, "DOCUMENT", document)

    for _ in range(2):
        write(text)

    assert document.read_text() == f"before\n\n{BEGIN}\n{text}\n\n{END}\nafter\n"


def test_document_has_the_table(figures: Figures) -> None:
    """Its rows are those that are written now, and there was no violation."""
    written = module.DOCUMENT.read_text().partition(BEGIN)[2].partition(END)[0]

    titles = re.findall(r"^\| ([^|]+) \|", written, re.MULTILINE)

    assert titles == list(figures.rows())
    assert "| violations | 0 | 0 |" in written


@pytest.mark.parametrize(
    "price",
    [
        f"${module.TRANSITION_DOLLARS * 1e6:.0f} for a million state transitions",
        f"${module.INVOCATION_DOLLARS * 1e6:.2f} for a million invocations",
        f"${module.GIGABYTE_SECOND_DOLLARS:.10f} for a GB-second",
    ],
)
def test_document_names_the_prices(price: str) -> None:
    """They are those that the figures are computed with."""
    assert price in " ".join(module.DOCUMENT.read_text().split())


def test_document_names_the_targets() -> None:
    """They are those that the load is held to."""
    text = " ".join(module.DOCUMENT.read_text().split())

    assert f"at most {module.MOST_CALLS} calls" in text
    assert f"at most {module.MOST_OF_FLOOR} times" in text
