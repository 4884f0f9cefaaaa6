"""The comparison: its tables in docs/comparison.md, and its plot."""

from __future__ import annotations

from statistics import mean, median
from typing import TYPE_CHECKING

from local.environment import ROOT
from local.peers.scenarios import CREATIONS, FAULTS, UPDATES
from local.svg import lines
from local.written import replace_part

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from local.peers.scenarios import Result, Scenario

Results = dict[tuple[str, str], list["Result"]]
"""By scenario, as its action and its name."""

DOCUMENT = ROOT / "docs" / "comparison.md"
PLOT = ROOT / "docs" / "success-by-lag.svg"


def key(scenario: Scenario) -> tuple[str, str]:
    """Return what a scenario is found by."""
    return scenario.action, scenario.name


def write(found: Mapping[str, Results]) -> None:
    """Write the tables and the plot.

    Args:
        found: The results of each client, by its name.
    """
    replace_part(DOCUMENT, "make peers", tables(found))
    series = {
        _version(results): [_share(results[key(scenario)]) for scenario in CREATIONS] for results in found.values()
    }
    names = [scenario.name for scenario in CREATIONS]
    plot = lines("Creations that succeed, by the lag of the slowest replica", "replica lag", "share", names, series)
    PLOT.write_text(plot, encoding="utf-8")


def tables(found: Mapping[str, Results]) -> str:
    """Return the tables as Markdown."""
    parts = [
        "### Creations at a replica lag of",
        *_by_lag(found, CREATIONS),
        "### Updates at a replica lag of",
        *_by_lag(found, UPDATES),
    ]
    for scenario in FAULTS:
        parts += [f"### {scenario.name[0].upper()}{scenario.name[1:]}", *_by_client(found, scenario)]
    parts += ["### Without any difficulty", *_undisturbed(found)]
    return "\n".join(parts)


def _by_lag(found: Mapping[str, Results], scenarios: Sequence[Scenario]) -> Iterable[str]:
    names = [scenario.name for scenario in scenarios]
    yield "\n" + _row("client", *names, "reported wrongly", "left by a run that fails")
    yield _row(*["---"] * (len(names) + 3))
    for results in found.values():
        runs = [results[key(scenario)] for scenario in scenarios]
        every = [run for each in runs for run in each]
        yield _row(_version(results), *map(_succeeded, runs), _misreported(every), _left(every))
    yield ""


def _by_client(found: Mapping[str, Results], scenario: Scenario) -> Iterable[str]:
    yield "\n" + _row("client", "succeeded", "reported wrongly", "left by a run that fails", "calls", "seconds")
    yield _row(*["---"] * 6)
    for results in found.values():
        runs = results[key(scenario)]
        succeeded = _succeeded(runs) if scenario.succeeds else "cannot"
        calls, seconds = median(run.calls for run in runs), median(run.seconds for run in runs)
        yield _row(_version(results), succeeded, _misreported(runs), _left(runs), f"{calls:.0f}", f"{seconds:.0f}")
    yield ""


def _undisturbed(found: Mapping[str, Results]) -> Iterable[str]:
    """Show what a client itself costs: calls, and seconds beyond those that SageMaker takes."""
    yield "\n" + _row("client", "calls of a creation", "seconds lost", "calls of an update", "seconds lost")
    yield _row(*["---"] * 5)
    for results in found.values():
        cells = []
        for scenario in (CREATIONS[0], UPDATES[0]):
            runs = results[key(scenario)]
            lost = median(run.seconds for run in runs) - scenario.service_seconds
            cells += [f"{median(run.calls for run in runs):.0f}", f"{lost:.1f}"]
        yield _row(_version(results), *cells)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _version(results: Results) -> str:
    return next(iter(results.values()))[0].version


def _share(runs: Sequence[Result]) -> float:
    return sum(run.is_success for run in runs) / len(runs)


def _succeeded(runs: Sequence[Result]) -> str:
    return f"{sum(run.is_success for run in runs)} of {len(runs)}"


def _misreported(runs: Sequence[Result]) -> str:
    return f"{sum(run.is_misreported for run in runs)} of {len(runs)}"


def _left(runs: Sequence[Result]) -> str:
    failed = [run.left for run in runs if not run.is_served]
    return f"{mean(failed):.1f}" if failed else "none fails"
