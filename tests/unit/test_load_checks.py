"""The load names the violations and the leftovers of a run."""

from __future__ import annotations

from typing import Any

import pytest

from local.load_test.checks import EndState, find_leftovers, find_violations, leftovers_of_sweeps
from local.load_test.uploads import Run
from tests.unit.load_samples import ARTIFACTS, NEW, OLD, entered, run, state


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
    """Resources that the sweep left behind, and those that it should not have deleted."""
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
def test_second_sweep_deletes_the_remaining_resources(states: list[EndState], sweeps: int, is_clean: bool) -> None:  # noqa: FBT001 - a case
    """A replica that lags shows what is gone already; there are two sweeps at most."""
    made: list[None] = []

    left = leftovers_of_sweeps(
        [run(0, OLD), run(1, NEW)], lambda: made.append(None), lambda: states[len(made) - 1], retained=2
    )

    assert (len(made), not left) == (sweeps, is_clean)
