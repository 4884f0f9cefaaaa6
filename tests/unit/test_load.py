"""The load's own arithmetic: its floor, its figures and their table in the documents, and its checks."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from deployer.json_document import Document
from local.load_test import figures as module
from local.load_test.checks import EndState, find_leftovers, find_violations, leftovers_of_sweeps
from local.load_test.figures import Figures, table, write
from local.load_test.floor import Floor, floor_of
from local.load_test.uploads import Load, Run, hosting
from local.simulator import Settings
from local.written import END, beginning

if TYPE_CHECKING:
    from pathlib import Path


BEGIN = beginning("make load")
OLD, NEW = "e-0-20260101T000000-a", "e-0-20260101T000100-b"
MODELS = {OLD: "e-0-model-a", NEW: "e-0-model-b"}
ARTIFACTS = {
    "e-0-model-a": "revisions/e-0/artifacts/a/model.tar.gz",
    "e-0-model-b": "revisions/e-0/artifacts/b/model.tar.gz",
}
UPDATE_SECONDS = (
    260.0  # of `hosting`: 240 s for the new fleet, 10 s each for its traffic and for the end of the old one
)


def entered(state: str) -> Document:
    """Make the event of a history for a state that is entered."""
    return {"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": state}}


def attempt(error: str = "") -> list[Document]:
    """Make the events of an attempt of a task."""
    ended = (
        {"type": "LambdaFunctionFailed", "lambdaFunctionFailedEventDetails": {"error": error}}
        if error
        else {"type": "LambdaFunctionSucceeded"}
    )
    return [{"type": "LambdaFunctionScheduled"}, {"type": "LambdaFunctionStarted"}, ended]


def run(number: int, revision: str, outcome: str = "Deployed", **more: Any) -> Run:
    """Make a run for an endpoint."""
    detail = {"Outcome": outcome, "EndpointName": "e-0", "Revision": revision, "DurationSeconds": 2.0, **more}
    return Run(number, "e-0", detail, [entered("Deployed")])


def state(
    live: str = NEW, configs: tuple[str, ...] = (OLD, NEW), *more_models: str, stored: tuple[str, ...] = ()
) -> EndState:
    """Make what there is after a sweep, with further models and stored objects."""
    models = [*(MODELS[config] for config in configs), *more_models]
    requests = [f"revisions/e-0/{config}/{name}" for config in configs for name in ("request.json", "executions/x")]
    resources: Document = {
        "Endpoints": {"e-0": {"EndpointStatus": "InService", "EndpointConfigName": live}},
        "EndpointConfigs": {name: {"ProductionVariants": [{"ModelName": MODELS[name]}]} for name in configs},
        "Models": {
            name: {"PrimaryContainer": {"ModelDataUrl": f"s3://bucket/{ARTIFACTS.get(name, 'elsewhere')}"}}
            for name in models
        },
    }
    artifacts = [ARTIFACTS[name] for name in models if name in ARTIFACTS]
    return EndState(resources, [*requests, *artifacts, *stored])


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


def test_floor_is_what_takes_longer_calls_or_life_cycles() -> None:
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
    """A retry is a transition, too; an error that leads to another state is no retry. Wake-ups are invocations."""
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
    """What stands around it stays, however often it is written."""
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


def test_load_that_ended_well_has_no_violation() -> None:
    """The newest is served, the one before is retained, and one that came too late has left nothing."""
    runs = [run(0, OLD), run(1, "e-0-20260101T000050-c", "Superseded"), run(2, NEW)]

    assert [*find_violations(runs, state().resources)] == []
    assert [*find_leftovers(runs, state(), retained=2)] == []


@pytest.mark.parametrize(
    ("runs", "resources", "violations"),
    [
        pytest.param(
            [run(0, OLD), run(1, NEW, "Failed", Error="E", Cause="why")],
            state(OLD, (OLD,)).resources,
            ["a run for e-0 ended as Failed: E: why", f"e-0 is InService on {OLD}; its newest artifact is {NEW}"],
            id="failed",
        ),
        pytest.param(
            [run(0, OLD), Run(1, "e-0", None, [entered("FailedUnannounced")])],
            state(OLD, (OLD,)).resources,
            [
                "a run for e-0 announced nothing, and ended in FailedUnannounced",
                f"e-0 is InService on {OLD}; its newest artifact is None",
            ],
            id="unannounced",
        ),
        pytest.param(
            [run(0, OLD), run(1, NEW)],
            {**state().resources, "Endpoints": {}},
            ["e-0 does not exist"],
            id="no endpoint",
        ),
    ],
)
def test_violations_are_named(runs: list[Run], resources: Any, violations: list[str]) -> None:
    """Each names the endpoint, and what is wrong with it."""
    assert [*find_violations(runs, resources)] == violations


def without(end_state: EndState, *, key: str = "", model: str = "") -> EndState:
    """Take a stored object or a model away."""
    models = {name: value for name, value in end_state.resources["Models"].items() if name != model}
    return EndState({**end_state.resources, "Models": models}, [each for each in end_state.stored if each != key])


@pytest.mark.parametrize(
    ("runs", "end_state", "leftovers"),
    [
        pytest.param(
            [run(0, OLD, "Failed"), run(1, NEW)],
            state(),
            [
                f"config {OLD} is unused, and was not swept",
                "model e-0-model-a is unused, and was not swept",
                f"stored request {OLD} is unused, and was not swept",
                "stored artifact artifacts/a/model.tar.gz is unused, and was not swept",
            ],
            id="a failed revision",
        ),
        pytest.param(
            [run(0, OLD), run(1, NEW)],
            state(NEW, (OLD, NEW), "e-0-model-c"),
            ["model e-0-model-c is unused, and was not swept"],
            id="a model",
        ),
        pytest.param(
            [run(0, OLD), run(1, NEW)],
            state(stored=("revisions/e-0/artifacts/c/model.tar.gz", "revisions/other/artifacts/d/model.tar.gz")),
            ["stored artifact artifacts/c/model.tar.gz is unused, and was not swept"],
            id="an artifact",
        ),
        pytest.param(
            [run(0, OLD), run(1, NEW)],
            without(state(), key=ARTIFACTS["e-0-model-b"]),
            ["stored artifact artifacts/b/model.tar.gz is in use, and is gone"],
            id="an artifact that is in use",
        ),
        pytest.param(
            [run(0, OLD), run(1, NEW)],
            state(NEW, (NEW,)),
            [f"config {OLD} is in use, and is gone", f"stored request {OLD} is in use, and is gone"],
            id="a retained revision",
        ),
        pytest.param(
            [run(1, NEW)],
            without(state(NEW, (NEW,)), model="e-0-model-b"),
            [
                "model e-0-model-b is in use, and is gone",
                "stored artifact artifacts/b/model.tar.gz is unused, and was not swept",
            ],
            id="a model that is in use",
        ),
    ],
)
def test_leftovers_are_named(runs: list[Run], end_state: EndState, leftovers: list[str]) -> None:
    """What the sweep left behind, and what it should not have deleted."""
    assert [*find_leftovers(runs, end_state, retained=2)] == leftovers


def test_revisions_beyond_retention_are_leftovers() -> None:
    """They were deployed, and newer ones were, too."""
    leftovers = [*find_leftovers([run(0, OLD), run(1, NEW)], state(), retained=1)]

    assert f"config {OLD} is unused, and was not swept" in leftovers
    assert not any(NEW in leftover for leftover in leftovers)


@pytest.mark.parametrize(
    ("states", "sweeps", "is_clean"),
    [
        pytest.param([state()], 1, True, id="clean at once"),
        pytest.param([state(NEW, (OLD, NEW), "e-0-model-c"), state()], 2, True, id="clean after the second sweep"),
        pytest.param([state(NEW, (OLD, NEW), "e-0-model-c")] * 2, 2, False, id="never clean"),
    ],
)
def test_second_sweep_deletes_what_the_first_left(states: list[EndState], sweeps: int, is_clean: bool) -> None:  # noqa: FBT001 - a case
    """A replica that lags shows what is gone already; there are two sweeps at most."""
    made: list[None] = []

    left = leftovers_of_sweeps(
        [run(0, OLD), run(1, NEW)], lambda: made.append(None), lambda: states[len(made) - 1], retained=2
    )

    assert (len(made), not left) == (sweeps, is_clean)
