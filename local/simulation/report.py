"""The totals of a campaign as Markdown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from local.simulation.features import FEATURES
from local.simulation.invariants import INVARIANTS
from local.virtual_time.machine import DEFINITION
from local.virtual_time.world import SWEEPER

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator

    from local.simulation.totals import Totals, ViolatedInvariant

_MOST_SHOWN = 10


def states() -> list[str]:
    """Return the names of all states of the state machines, in their order."""
    definitions = (json.loads(path.read_text(encoding="utf-8")) for path in (DEFINITION, SWEEPER))
    return [state for definition in definitions for state in definition["States"]]


def unvisited(totals: Totals) -> list[str]:
    """Return the names of the states that no execution has entered."""
    return [state for state in states() if not totals.states[state]]


def undrawn(totals: Totals) -> list[str]:
    """Return the features that no scenario had."""
    return [feature for feature in FEATURES if not totals.features[feature]]


def report(totals: Totals) -> str:
    """Return the report of a campaign."""
    return "\n".join(_lines(totals))


def summarize(totals: Totals) -> str:
    """Return a few lines for each violated invariant: the seed, the problem, and the smallest scenario found."""
    lines: list[str] = []
    for each in totals.violated[:_MOST_SHOWN]:
        lines += [f"Seed {each.seed} violated {each.invariant}: {each.problems[0].strip()}", *_indented(each.summary)]
    if (more := len(totals.violated) - _MOST_SHOWN) > 0:
        seeds = ", ".join(str(each.seed) for each in totals.violated[_MOST_SHOWN:])
        lines.append(f"{more} more, by the seeds {seeds}")
    return "".join(f"{line}\n" for line in lines)


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _lines(totals: Totals) -> Iterator[str]:
    yield "# Fault campaign\n"
    last = totals.following - 1
    yield f"Seeds {totals.first} to {last}, {totals.executions:,} executions, {totals.seconds:,.0f} s of work; "
    yield f"deployer `{totals.code}`. **{len(totals.violated) or 'No'} violated invariants.**\n"
    yield "## Invariants\n"
    names = [invariant.__name__ for invariant in INVARIANTS]
    violated = {each.invariant for each in totals.violated}
    rows = [
        (name, f"{totals.checks[name]:,}", sum(each.invariant == name for each in totals.violated) or "none")
        for name in [*names, *sorted(violated - {*names})]
    ]
    yield from _table(
        ("invariant", "checks", "scenarios that violated it"), [(name.replace("_", " "), *rest) for name, *rest in rows]
    )
    yield from _counts("Outcomes", "executions ended in", totals.outcomes)
    yield from _counts("Errors", "step and error", totals.errors)
    yield from _counts("Faults and operator actions", "what", totals.fired)
    yield "## Features\n"
    yield from _table(("feature", "times"), [(feature, f"{totals.features[feature]:,}") for feature in FEATURES])
    yield "## States\n"
    yield from _table(("state", "entered"), [(state, f"{totals.states[state]:,}") for state in states()])
    if missing := unvisited(totals):
        yield f"**Never entered: {', '.join(missing)}.**\n"
    for each in totals.violated:
        yield from _details(each)


def _details(violated: ViolatedInvariant) -> Iterator[str]:
    yield f"## Seed {violated.seed}: {violated.invariant.replace('_', ' ')}\n"
    yield from (f"- {problem}" for problem in violated.problems)
    yield f"\nThe smallest scenario found:\n\n```text\n{violated.smallest}\n```\n"
    if violated.timeline:
        yield f"What happens in it:\n\n```text\n{violated.timeline}\n```\n"


def _counts(title: str, what: str, counts: Counter[str]) -> Iterator[str]:
    yield f"## {title}\n"
    yield from _table((what, "times"), [(name, f"{count:,}") for name, count in counts.most_common()])


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"
    yield ""
