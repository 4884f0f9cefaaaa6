"""The calls, transitions and prices that docs/benchmarks.md states are those that the shipped machine takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.bench.figures import MOST_DOLLARS
from local.bench.paths import play_lags, play_paths
from local.bench.prices import dollars
from local.bench.report import DOCUMENT, calls_table

if TYPE_CHECKING:
    from local.bench.paths import Path

SLOW_COLD_START = 1.0
"""Seconds; three times what is measured."""


@pytest.fixture(scope="module")
def paths(connected_worlds: Any) -> list[Path]:
    """Every path, played once."""
    return play_paths(connected_worlds)


def test_each_path_takes_the_calls_of_the_documents(paths: list[Path]) -> None:
    document = DOCUMENT.read_text()

    for row in calls_table(paths):
        assert row in document


def test_each_path_ends_as_the_documents_say(paths: list[Path]) -> None:
    document = DOCUMENT.read_text()

    for path in paths:
        counted = f"{path.calls.total()} | {path.transitions} | {path.invocations.total()} |"
        assert f"| {path.name} | {path.outcome} | {counted}" in document


@pytest.mark.parametrize("name", MOST_DOLLARS)
def test_path_costs_less_than_its_target_with_slow_cold_starts(paths: list[Path], name: str) -> None:
    (path,) = (path for path in paths if path.name == name)

    price = dollars(path, dict.fromkeys(path.invocations, SLOW_COLD_START))

    assert price < MOST_DOLLARS[name]


def test_creation_succeeds_at_every_replica_lag(connected_worlds: Any) -> None:
    lags = play_lags(connected_worlds)

    assert {path.outcome for path in lags.values()} == {"Deployed"}
