"""Draws what becomes drift: people change alarms, scaling and stored copies of live revisions, and invoke endpoints."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from local.simulation.scenario import OperatorStep, RequestStep, Sweep

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from local.simulation.scenario import OperatorAction, Step

_HOUR = 3600.0
_REPORTED_AFTER = 1.5 * _HOUR
"""A sweep has to report what has differed for an hour."""

_DURING: tuple[OperatorAction, ...] = ("change alarm", "delete alarm", "change scaling")
_LAST: tuple[OperatorAction, ...] = (*_DURING, "delete copy", "invoke endpoint")
_REST_SECONDS = 10 * _HOUR
"""How long after the last step of a scenario most executions have ended."""

_CHOICES = 3
_HANDED_OVER_SHARE, _ATTACHED_SHARE = 0.3, 0.8


def drift_settings(key: str) -> dict[str, str]:
    """Return the settings of the search for drift; some stacks repair what they can."""
    random = Random(f"{key} drift settings")  # noqa: S311 - repeatable, not secret
    return {
        "IDLE_ENDPOINT_DAYS": random.choice(["0", "1", "30"]),
        "REPAIR_DRIFT": random.choice(["", "ConfigReplaced"]),
    }


def drift_steps(key: str, endpoints: Sequence[str], made: Sequence[Step]) -> Iterator[Step]:
    """Yield changes while something happens, and some after it; after each a sweep that has to report it.

    Stored copies are deleted at last: without them, no later instance of the revision starts.

    Args:
        key: Names the scenario.
        endpoints: Its endpoints.
        made: Its other steps.
    """
    random = Random(f"{key} drift")  # noqa: S311 - repeatable, not secret
    ends = [each.at + max(each.deliveries, default=0.0) if isinstance(each, RequestStep) else each.at for each in made]
    for number in range(random.choice([0, 0, 1, 2])):
        moment = random.choice(ends) + random.uniform(0.5, 4) * _HOUR
        yield from _change(random, f"drift-{number}", moment, random.choice(endpoints), _DURING)
    rest = max(ends) + _REST_SECONDS
    for number, endpoint in enumerate(endpoints):
        yield from _change(random, f"last-drift-{number}", rest + number * 2 * _HOUR, endpoint, _LAST)
    yield from _taken_over(key, endpoints, ends, rest)
    yield Sweep(name="idle-sweep", at=round(rest + 30 * _HOUR, 3))


def _taken_over(key: str, endpoints: Sequence[str], ends: list[float], rest: float) -> Iterator[Step]:
    """Yield targets that people hand over to the stack, and configs that they attach where the stack repairs that."""
    random = Random(f"{key} taken over")  # noqa: S311 - repeatable, not secret
    if random.random() < _HANDED_OVER_SHARE:
        at, endpoint = round(random.choice(ends) + random.uniform(0, 2) * _HOUR, 3), random.choice(endpoints)
        yield OperatorStep(name="hand-over", at=at, action="hand over scaling", endpoint=endpoint, choice=1)
    if drift_settings(key)["REPAIR_DRIFT"] and random.random() < _ATTACHED_SHARE:
        for number, endpoint in enumerate(endpoints):
            at = round(rest - random.uniform(1, 4) * _HOUR, 3)
            yield OperatorStep(name=f"attach-{number}", at=at, action="take over", endpoint=endpoint)
        yield Sweep(name="repairing-sweep", at=round(rest - 0.2 * _HOUR, 3))


def _change(
    random: Random, name: str, moment: float, endpoint: str, actions: Sequence[OperatorAction]
) -> Iterator[Step]:
    """Yield some of the changes of an endpoint, and a sweep."""
    for number, action in enumerate(random.sample(actions, random.choice([0, 1, 2, len(actions)]))):
        at, choice = round(moment + number, 3), random.randrange(_CHOICES)
        yield OperatorStep(name=f"{name}-{number}", at=at, action=action, endpoint=endpoint, choice=choice)
    yield Sweep(name=f"{name}-sweep", at=round(moment + _REPORTED_AFTER, 3))
