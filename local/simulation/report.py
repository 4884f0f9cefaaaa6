"""The totals of a campaign as Markdown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from local.simulation.promises import PROMISES
from local.virtual_time.machine import DEFINITION

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator

    from local.simulation.totals import Broken, Totals

_MOST_SHOWN = 10


def states() -> list[str]:
    """Name all states of the state machine, in their order."""
    return list(json.loads(DEFINITION.read_text(encoding="utf-8"))["States"])


def unvisited(totals: Totals) -> list[str]:
    """Name the states that no execution entered."""
    return [state for state in states() if not totals.states[state]]


def report(totals: Totals) -> str:
    """Tell what came of a campaign."""
    return "\n".join(_lines(totals))


def in_short(totals: Totals) -> str:
    """Tell of each broken promise in a few lines: the seed, how it was broken, and the smallest story found."""
    lines: list[str] = []
    for each in totals.broken[:_MOST_SHOWN]:
        lines += [f"Seed {each.seed} broke {each.promise}: {each.problems[0].strip()}", *_indented(each.sequence)]
    if (more := len(totals.broken) - _MOST_SHOWN) > 0:
        seeds = ", ".join(str(each.seed) for each in totals.broken[_MOST_SHOWN:])
        lines.append(f"{more} more, by the seeds {seeds}")
    return "".join(f"{line}\n" for line in lines)


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _lines(totals: Totals) -> Iterator[str]:
    yield "# Fault campaign\n"
    last = totals.following - 1
    yield f"Seeds {totals.first} to {last}, {totals.executions:,} executions, {totals.seconds:,.0f} s of work; "
    yield f"deployer `{totals.code}`. **{len(totals.broken) or 'No'} broken promises.**\n"
    yield "## Promises\n"
    broken = {each.promise for each in totals.broken}
    rows = [
        (name, f"{totals.looks[name]:,}", sum(each.promise == name for each in totals.broken) or "none")
        for name in [*(promise.__name__ for promise in PROMISES), *sorted(broken - {p.__name__ for p in PROMISES})]
    ]
    yield from _table(
        ("promise", "looked at", "stories that broke it"), [(name.replace("_", " "), *rest) for name, *rest in rows]
    )
    yield from _counts("Outcomes", "executions ended in", totals.outcomes)
    yield from _counts("Errors", "step and error", totals.errors)
    yield from _counts("Faults", "what went wrong", totals.struck)
    yield "## States\n"
    yield from _table(("state", "entered"), [(state, f"{totals.states[state]:,}") for state in states()])
    if missing := unvisited(totals):
        yield f"**Never entered: {', '.join(missing)}.**\n"
    for each in totals.broken:
        yield from _broken(each)


def _broken(broken: Broken) -> Iterator[str]:
    yield f"## Seed {broken.seed}: {broken.promise.replace('_', ' ')}\n"
    yield from (f"- {problem}" for problem in broken.problems)
    yield f"\nThe smallest story found:\n\n```text\n{broken.smallest}\n```\n"
    if broken.timeline:
        yield f"What happens in it:\n\n```text\n{broken.timeline}\n```\n"


def _counts(title: str, what: str, counts: Counter[str]) -> Iterator[str]:
    yield f"## {title}\n"
    yield from _table((what, "times"), [(name, f"{count:,}") for name, count in counts.most_common()])


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"
    yield ""
