"""Writes the totals of the last large campaign into docs/reliability.md, as a table."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from local.environment import ROOT
from local.simulation.features import FEATURES
from local.simulation.report import states, unvisited

if TYPE_CHECKING:
    from local.simulation.totals import Totals

DOCUMENT = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- written by `make chaos` -->\n", "<!-- end -->"
OPERATOR = "operator: "


def table(totals: Totals) -> str:
    """Return the table in Markdown."""
    lines = [f"| {title} | {value} |" for title, value in _rows(totals).items()]
    return "\n".join(["| | |", "|---|---|", *lines])


def write_table(totals: Totals) -> None:
    """Put the table into its place in docs/reliability.md."""
    before, begin, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{begin}\n{table(totals)}\n\n{end}{after}", encoding="utf-8")


def _rows(totals: Totals) -> dict[str, str]:
    by_operator = Counter({name: count for name, count in totals.fired.items() if name.startswith(OPERATOR)})
    missing = unvisited(totals)
    return {
        "scenarios": f"seeds {totals.first} to {totals.following - 1}",
        "executions": f"{totals.executions:,}",
        "violated invariants": str(len(totals.violated) or "none"),
        "checks": f"{totals.checks.total():,}, by {len(totals.checks)} invariants",
        "states entered": f"all {len(states())}" if not missing else f"all but {', '.join(missing)}",
        "outcomes": _counts(totals.outcomes),
        "features": ", ".join(f"{totals.features[feature]:,} {feature}" for feature in FEATURES),
        "faults that fired": _counts(totals.fired - by_operator),
        "operator actions": _counts(
            Counter({name.removeprefix(OPERATOR): count for name, count in by_operator.items()})
        ),
        "computing time": f"{totals.seconds:,.0f} s, all processes together",
        "deployer and campaign": f"`{totals.code}`",
    }


def _counts(counted: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counted.most_common()) or "none"
