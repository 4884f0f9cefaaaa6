"""Measure cold starts and what a deployment takes, and write docs/benchmarks.md. `make bench` runs it."""

from __future__ import annotations

import argparse
import os

from rich.console import Console
from rich.markdown import Markdown

from local.bench.cold_starts import measure
from local.bench.figures import Figures
from local.bench.report import tables, write
from local.environment import FUNCTIONS_ENVIRONMENT


def main() -> int:
    """Measure and print; return 0 only if no target is missed."""
    options, console = _options(), Console(highlight=False)
    figures = _measured(options.rounds)
    console.print(Markdown(tables(figures)))
    if options.write:
        write(figures)
    missed = figures.missed_targets()
    for target in missed:
        console.print(f"[red]✗[/] {target}")
    return int(bool(missed))


def _measured(rounds: int) -> Figures:
    cold_starts = measure(rounds)
    os.environ.update(FUNCTIONS_ENVIRONMENT, POWERTOOLS_METRICS_DISABLED="true")
    from local.bench.paths import play_lags, play_paths, play_without_events  # noqa: PLC0415 - as below
    from local.virtual_time.worlds import worlds  # noqa: PLC0415 - the functions read the environment when imported

    with worlds() as make_world:
        return Figures(cold_starts, play_paths(make_world), play_lags(make_world), play_without_events(make_world))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="cold starts of each function (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md and its plot")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
