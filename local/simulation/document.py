"""What came of the last big campaign, as the table in docs/reliability.md."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from local.settings import ROOT
from local.simulation.report import states, unvisited

if TYPE_CHECKING:
    from local.simulation.totals import Totals

DOCUMENT = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- what `make chaos` writes -->\n", "<!-- until here -->"
BY_HAND = "by hand: "


def table(totals: Totals) -> str:
    """Return the table in Markdown."""
    lines = [f"| {title} | {value} |" for title, value in _rows(totals).items()]
    return "\n".join(["| what | how much |", "|---|---|", *lines])


def write_table(totals: Totals) -> None:
    """Put the table into its place in docs/reliability.md."""
    before, begin, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{begin}\n{table(totals)}\n\n{end}{after}", encoding="utf-8")


def _rows(totals: Totals) -> dict[str, str]:
    by_hand = Counter({name: count for name, count in totals.struck.items() if name.startswith(BY_HAND)})
    missing = unvisited(totals)
    return {
        "stories": f"seeds {totals.first} to {totals.following - 1}",
        "executions": f"{totals.executions:,}",
        "promises broken": str(len(totals.broken) or "none"),
        "looks": f"{totals.looks.total():,}, at {len(totals.looks)} invariants",
        "states entered": f"all {len(states())}" if not missing else f"all but {', '.join(missing)}",
        "ends": _counts(totals.outcomes),
        "faults that struck": _counts(totals.struck - by_hand),
        "done by hand": _counts(Counter({name.removeprefix(BY_HAND): count for name, count in by_hand.items()})),
        "work": f"{totals.seconds:,.0f} s, all processes together",
        "deployer and campaign": f"`{totals.code}`",
    }


def _counts(counted: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counted.most_common()) or "none"
