"""What is made of a load: its figures, their table in the documents, and which promise counts as broken."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from local.load_test import figures as module
from local.load_test.aftermath import broken_promises
from local.load_test.figures import Figures, table, write
from local.load_test.uploads import Load, Run

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = "e-0-20260101T000000-a", "e-0-20260101T000100-b"
VARIANTS = {OLD: "e-0-model-a", NEW: "e-0-model-b"}


def entered(state: str) -> dict[str, Any]:
    """Make the event of a history that tells of a state which is entered."""
    return {"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": state}}


def attempt(error: str = "") -> list[dict[str, Any]]:
    """Make the events of an attempt of a task."""
    ended = {"type": "TaskFailed", "taskFailedEventDetails": {"error": error}} if error else {"type": "TaskSucceeded"}
    return [{"type": "TaskScheduled"}, {"type": "LambdaFunctionStarted"}, ended]


def run(number: int, revision: str, outcome: str = "Deployed", **more: Any) -> Run:
    """Make a run for an endpoint."""
    told = {"Outcome": outcome, "EndpointName": "e-0", "Revision": revision, "DurationSeconds": 2.0, **more}
    return Run(number, "e-0", told, [entered("Deployed")])


def resources(live: str = NEW, configs: tuple[str, ...] = (OLD, NEW), models: tuple[str, ...] = ()) -> Any:
    """Make what there is in SageMaker, with further models that no config uses."""
    return {
        "Endpoints": {"e-0": {"EndpointStatus": "InService", "EndpointConfigName": live}},
        "EndpointConfigs": {name: {"ProductionVariants": [{"ModelName": VARIANTS[name]}]} for name in configs},
        "Models": {name: {} for name in (*(VARIANTS[config] for config in configs), *models)},
    }


@pytest.fixture
def figures() -> Figures:
    """What two uploads may take: one is retried once and waits in between."""
    events = [entered("CreateModels"), *attempt("SageMakerThrottledError"), *attempt(), {"type": "TaskStateExited"}]
    once = [entered("CreateEndpoint"), *attempt("EndpointExistsError"), {"type": "TaskStateExited"}]
    again = [{"type": "WaitStateEntered", "stateEnteredEventDetails": {"name": "Wait"}}, entered("Plan"), *attempt()]
    first, second = run(0, OLD), run(1, NEW, DurationSeconds=8.0)
    return Figures(
        load=Load(uploads=2, endpoints=1, seconds=1.0, prefix="e"),
        runs=[replace(first, events=events), replace(second, events=[*once, *again])],
        answers=Counter({"ok": 40, "ThrottlingException": 3}),
        calls_per_second=None,
        speed=10.0,
        seconds=300.0,
        wall_seconds=30.0,
        milliseconds=250.0,
        broken=[],
    )


def test_what_is_charged_for_is_counted(figures: Figures) -> None:
    """A retry is a transition, too; an error that leads to another state is no retry."""
    assert figures.retries == {"SageMakerThrottledError": 1}
    assert figures.transitions == 4 + 1
    assert figures.invocations == 4


def test_the_price_is_that_of_transitions_invocations_and_their_time(figures: Figures) -> None:
    """Five transitions, four invocations, and a second of half a gigabyte."""
    assert figures.dollars == pytest.approx(5 * 25e-6 + 4 * 0.2e-6 + 0.5 * 0.0000133334)


def test_times_are_told_on_the_clock_of_sagemaker(figures: Figures) -> None:
    """Where it runs faster, the event bus was told shorter times."""
    rows = figures.rows()

    assert rows["an execution took"] == "50 s in the middle, 80 s at most"
    assert rows["all had ended after"] == "300 s, in 30 s on the wall clock"


def test_a_table_takes_the_place_of_the_one_before(
    figures: Figures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands around it stays, however often it is written."""
    document, text = tmp_path / "benchmarks.md", table(figures, figures)
    document.write_text(f"before\n\n{module.BEGIN}\nold\n\n{module.END}\nafter\n")
    monkeypatch.setattr(module, "DOCUMENT", document)

    for _ in range(2):
        write(text)

    assert document.read_text() == f"before\n\n{module.BEGIN}\n{text}\n\n{module.END}\nafter\n"


def test_the_document_has_the_table(figures: Figures) -> None:
    """Its rows are those that are written now, and no promise was broken."""
    written = module.DOCUMENT.read_text().partition(module.BEGIN)[2].partition(module.END)[0]

    titles = re.findall(r"^\| ([^|]+) \|", written, re.MULTILINE)

    assert titles == list(figures.rows())
    assert "| promises broken | 0 | 0 |" in written


@pytest.mark.parametrize(
    "price",
    [
        f"${module.TRANSITION_DOLLARS * 1e6:.0f} for a million state transitions",
        f"${module.INVOCATION_DOLLARS * 1e6:.2f} for a million invocations",
        f"${module.GIGABYTE_SECOND_DOLLARS:.10f} for a GB-second",
    ],
)
def test_the_document_names_the_prices(price: str) -> None:
    """They are those that are reckoned with."""
    assert price in " ".join(module.DOCUMENT.read_text().split())


def test_what_ended_as_it_has_to_breaks_no_promise() -> None:
    """The newest is served, the one before is history, and one that came too late has left nothing."""
    runs = [run(0, OLD), run(1, "e-0-20260101T000050-c", "Superseded"), run(2, NEW)]

    assert [*broken_promises(runs, resources(), retained=2)] == []


@pytest.mark.parametrize(
    ("runs", "there_is", "told"),
    [
        pytest.param(
            [run(0, OLD), run(1, NEW, "Failed", Error="E", Cause="why")],
            resources(live=OLD, configs=(OLD,)),
            ["a run for e-0 ended as Failed: E: why", f"e-0 is InService on {OLD}; its newest artifact is {NEW}"],
            id="failed",
        ),
        pytest.param(
            [run(0, OLD), Run(1, "e-0", None, [entered("FailedUnannounced")])],
            resources(live=OLD, configs=(OLD,)),
            [
                "a run for e-0 announced nothing, and ended in FailedUnannounced",
                f"e-0 is InService on {OLD}; its newest artifact is None",
            ],
            id="silent",
        ),
        pytest.param(
            [run(0, OLD), run(1, NEW)],
            {**resources(), "Endpoints": {}},
            ["e-0 does not exist"],
            id="no endpoint",
        ),
        pytest.param(
            [run(0, OLD, "Superseded"), run(1, NEW)],
            resources(),
            [f"config {OLD} was never served, and is still there"],
            id="config left",
        ),
        pytest.param(
            [run(0, OLD), run(1, NEW)],
            resources(models=("e-0-model-c",)),
            ["no config uses model e-0-model-c, and it is still there"],
            id="model left",
        ),
    ],
)
def test_a_broken_promise_is_told(runs: list[Run], there_is: Any, told: list[str]) -> None:
    """Each in its own words."""
    assert [*broken_promises(runs, there_is, retained=2)] == told


def test_revisions_beyond_retention_are_told() -> None:
    """They should have been retired."""
    told = [*broken_promises([run(0, OLD), run(1, NEW)], resources(), retained=1)]

    assert told == ["e-0 keeps 2 revisions; 1 are to be retained"]
