"""The figures as tables in docs/benchmarks.md, and as a plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.bench.cold_starts import BARE, function_of
from local.bench.paths import CALL_SECONDS
from local.bench.prices import (
    CACHED_GIGABYTE_SECOND_DOLLARS,
    MEMORIES,
    RESTORED_GIGABYTE_DOLLARS,
    call_dollars,
    call_seconds,
    dollars,
    gigabyte_seconds,
)
from local.environment import ROOT
from local.svg import Part, bars
from local.written import replace_part

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from local.bench.cold_starts import ColdStart
    from local.bench.figures import Figures
    from local.bench.paths import Path

DOCUMENT = ROOT / "docs" / "benchmarks.md"
PLOT = ROOT / "docs" / "seconds-of-a-deployment.svg"
COLD_STARTS = ROOT / "docs" / "cold-starts.svg"
_MONTH_SECONDS = 30 * 24 * 3600


def write(figures: Figures) -> None:
    """Write the tables and the plot."""
    replace_part(DOCUMENT, "make bench", tables(figures))
    rows = {path.name: _parts(path, figures.seconds_of_cold_starts) for path in figures.paths if path.service_seconds}
    shown = {name: parts for name, parts in rows.items() if "8 hours" not in name}
    plot = bars("Where the seconds of a deployment go, without SageMaker's own", "s", shown)
    PLOT.write_text(plot, encoding="utf-8")
    COLD_STARTS.write_text(_plot_of_cold_starts(figures.cold_starts), encoding="utf-8")


def tables(figures: Figures) -> str:
    """Return the tables as Markdown."""
    return "\n".join(
        [
            "### Cold starts",
            "",
            *_cold_starts(figures.cold_starts),
            "",
            "### Paths",
            "",
            *_paths(figures),
            "",
            "### Calls",
            "",
            *calls_table(figures.paths),
            "",
            "### Noticing that the endpoint is in service",
            "",
            *_noticing(figures),
            "",
            "### Replica lag",
            "",
            *_lags(figures.lags),
            "",
            "### Memory",
            "",
            *_memory(figures.seconds_of_cold_starts),
        ]
    )


def calls_table(paths: Sequence[Path]) -> Iterable[str]:
    """Yield the rows of the table of calls by path."""
    yield _row("call", *(path.name for path in paths))
    yield _row("---", *["---"] * len(paths))
    for call in sorted({call for path in paths for call in path.calls}, key=_service_first):
        yield _row(call, *(str(path.calls[call] or "") for path in paths))
    yield _row("**all**", *(str(path.calls.total()) for path in paths))


def _service_first(call: str) -> tuple[bool, str]:
    return not call.startswith("SageMaker "), call


def _cold_starts(found: Sequence[ColdStart]) -> Iterable[str]:
    bare = found[0]
    yield _row(
        "function", "with bytecode", "of a bare handler as shipped", "of a bare one with bytecode", "without bytecode"
    )
    yield _row(*["---"] * 5)
    for each in found:
        of_shipped, of_compiled = each.compiled / bare.shipped, each.compiled / bare.compiled
        name = each.name if each.name == BARE else f"`{function_of(each.name)}`"
        yield _row(name, f"{each.compiled:.2f} s", f"{of_shipped:.2f}", f"{of_compiled:.2f}", f"{each.shipped:.2f} s")


def _plot_of_cold_starts(found: Sequence[ColdStart]) -> str:
    bare, *functions = found
    rows = {
        f"{BARE}, as shipped": [Part("cold start", bare.shipped)],
        f"{BARE}, bytecode": [Part("cold start", bare.compiled)],
        **{function_of(each.name): [Part("cold start", each.compiled)] for each in functions},
    }
    return bars("Cold starts: the functions beside a bare boto3 handler", "s", rows)


def _paths(figures: Figures) -> Iterable[str]:
    yield _row(
        "path", "outcome", "calls", "transitions", "invocations", "GB-seconds", "seconds besides SageMaker's", "price"
    )
    yield _row(*["---"] * 8)
    for path in figures.paths:
        yield _row(
            path.name,
            path.outcome,
            str(path.calls.total()),
            str(path.transitions),
            str(path.invocations.total()),
            f"{gigabyte_seconds(path, figures.seconds_of_cold_starts):.1f}",
            f"{path.seconds - path.service_seconds:.1f}",
            f"${dollars(path, figures.seconds_of_cold_starts):.5f}",
        )


def _noticing(figures: Figures) -> Iterable[str]:
    yield _row("a creation of 10 minutes", "noticed after", "transitions")
    yield _row(*["---"] * 3)
    for name, path in (("an event arrives", figures.paths[0]), ("all events are lost", figures.without_events)):
        yield _row(name, f"{path.noticed_seconds:.1f} s", str(path.transitions))


def _lags(lags: Mapping[int, Path]) -> Iterable[str]:
    yield _row("lag", "outcome", "calls of SageMaker", "transitions", "seconds besides SageMaker's")
    yield _row(*["---"] * 5)
    for lag, path in lags.items():
        calls = sum(count for call, count in path.calls.items() if call.startswith("SageMaker "))
        seconds = f"{path.seconds - path.service_seconds:.0f}"
        yield _row(f"{lag} s", path.outcome, str(calls), str(path.transitions), seconds)


def _memory(cold_starts: Mapping[str, float]) -> Iterable[str]:
    cold = cold_starts["CreateModels"]
    yield _row(
        "memory",
        "cold call",
        "price",
        "warm call",
        "price",
        "SnapStart: kept for a month, all functions",
        "restored once",
    )
    yield _row(*["---"] * 7)
    for memory in MEMORIES:
        cells = [f"{memory} MB"]
        for seconds in (call_seconds(cold, memory), call_seconds(0, memory)):
            cells += [f"{seconds:.2f} s", f"${call_dollars(seconds, memory):.8f}"]
        kept = len(cold_starts) * memory / 1024 * _MONTH_SECONDS * CACHED_GIGABYTE_SECOND_DOLLARS
        yield _row(*cells, f"${kept:.2f}", f"${memory / 1024 * RESTORED_GIGABYTE_DOLLARS:.6f}")


def _parts(path: Path, cold_starts: Mapping[str, float]) -> list[Part]:
    """Split the seconds of a path that are not SageMaker's own."""
    own = path.seconds - path.service_seconds
    calls = min(own, (path.calls.total() - path.invocations["WakeExecution"]) * CALL_SECONDS)
    cold = sum(cold_starts[function] for function in path.invocations)
    waits = max(0.0, own - calls - path.noticed_seconds)
    noticing = path.noticed_seconds
    return [Part("calls of AWS", calls), Part("cold starts", cold), Part("waits", waits), Part("noticing", noticing)]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
