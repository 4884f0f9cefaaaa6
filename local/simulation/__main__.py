"""Run random scenarios against the deployer: `python -m local.simulation --executions 1000 --workers 2`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from local.simulation.campaign import run
from local.simulation.reliability_table import write_table
from local.simulation.report import report, summarize, undrawn, unvisited
from local.simulation.totals import Totals
from local.simulation.worker import code

_PROGRESS_SECONDS = 5.0
_LARGE_CAMPAIGN = 1000
"""Executions that are expected to enter every state."""


def main() -> int:
    """Run a campaign; return 1 if an invariant was violated, or if a large one lacks a state or a feature."""
    options = _options()
    path = options.report and options.report.with_suffix(".json")
    totals = Totals.load(path, code()) if path else Totals(code())
    first, last = options.seeds or (options.seed, None)
    seed, began, shown = max(first, totals.following), time.monotonic(), time.monotonic()
    wanted: int = options.executions

    def is_enough(following: int, executions: int) -> bool:
        return executions >= wanted if last is None else following > last

    def on_progress(so_far: Totals) -> None:
        nonlocal shown
        if path:
            so_far.save(path)
        if time.monotonic() - shown > _PROGRESS_SECONDS:
            shown = time.monotonic()
            sys.stderr.write(f"{_progress(so_far)}, {shown - began:.0f} s\n")

    run(totals, seed, workers=options.workers, is_enough=is_enough, on_progress=on_progress)
    if options.report:
        options.report.write_text(report(totals), encoding="utf-8")
    else:
        sys.stdout.write(report(totals))
    if options.write:
        write_table(totals)
    sys.stdout.write(summarize(totals))
    sys.stdout.write(f"{_progress(totals)}, {time.monotonic() - began:.0f} s. The next seed is {totals.following}.\n")
    is_large = totals.executions >= _LARGE_CAMPAIGN and last is None
    return int(bool(totals.violated) or (is_large and bool(unvisited(totals) or undrawn(totals))))


def _progress(totals: Totals) -> str:
    return (
        f"seeds {totals.first}..{totals.following - 1}: {totals.executions} executions, "
        f"{len(totals.violated)} violated invariants"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.simulation", description=__doc__)
    complete = (
        f"from {_LARGE_CAMPAIGN} on, a state that was never entered is a failure, and a feature that was never drawn"
    )
    parser.add_argument(
        "--executions", type=int, default=1000, help=f"how many to run at least (default: 1000); {complete}"
    )
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first scenario (default: 0)")
    parser.add_argument("--seeds", type=_range, metavar="A..B", help="run these scenarios and no others")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one for each core)"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write Markdown here, and continue what is there")
    parser.add_argument("--write", action="store_true", help="write the table in docs/reliability.md")
    return parser.parse_args()


def _range(text: str) -> tuple[int, int]:
    first, _, last = text.partition("..")
    return int(first), int(last or first)


if __name__ == "__main__":
    sys.exit(main())
