"""What may go wrong in a story, and for how long; all of it ends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from local.simulation.story import Outside, Spell
from local.simulator import Fault
from local.simulator.settings import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

_OPERATIONS = (
    "*", "*", "*", "CreateModel", "DescribeModel", "CreateEndpointConfig", "DescribeEndpointConfig", "CreateEndpoint",
    "UpdateEndpoint", "DescribeEndpoint", "DeleteEndpoint", "DeleteEndpointConfig", "DeleteModel", "ListEndpoints",
    "ListEndpointConfigs", "AddTags", "ListTags", "DeleteTags", "InvokeEndpoint",
)  # fmt: skip
_CAPACITY = "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error."
_HEALTH = "The primary container for production variant v did not pass the ping health check."
REFUSED = "One or more of this is not supported with the given setup."
"""What SageMaker says where it refuses for no reason that the deployer knows."""

_REFUSALS = (
    ("ResourceLimitExceeded", "The account-level service limit 'ml.m5.large for endpoint usage' is 0 Instances."),
    ("AccessDeniedException", "User: deployer is not authorized to perform this because of an explicit deny."),
    ("ValidationException", REFUSED),
)
_SERVICES = ("s3", "s3", "cloudwatch", "application-autoscaling", "events", "events")

MOST_LAG = 60.0
"""Seconds for which anything may be invisible, as docs/architecture.md assumes."""

_When = Literal["before", "after"]
_Kind = Literal["throttled", "unavailable", "dropped", "slow", "killed", "denied", "refused", "lost"]


def spells(random: Random, moments: list[float], length: float) -> Iterator[Spell]:
    """Yield what goes wrong in a story: nothing, a little or a lot; mostly about when something is asked for.

    Args:
        random: Decides.
        moments: When executions start, in seconds after the story's beginning.
        length: How long the story is.
    """
    for number in range(random.choice([0, 1, 1, 2, 2, 3, 5])):
        moment = random.choice(moments)
        at_once, meanwhile = moment - random.uniform(0, 5), moment + random.uniform(0, 900)
        start = max(0.0, random.choice([at_once, at_once, meanwhile, meanwhile, random.uniform(0, length)]))
        duration = random.choice([10.0, 60.0, 300.0, 1200.0, 1200.0, 3600.0])
        spell = random.choice(_MAKERS)(random)
        yield replace(spell, name=f"{number}-{spell.name}", start=round(start, 3), end=round(start + duration, 3))


def _spell(name: str, *what: Fault | Outside, **settings: object) -> Spell:
    faults = tuple(each for each in what if isinstance(each, Fault))
    outside = tuple(each for each in what if isinstance(each, Outside))
    return Spell(name=name, start=0.0, end=0.0, faults=faults, outside=outside, settings=settings)


def _share(random: Random) -> float:
    return random.choice([0.1, 0.3, 0.6, 1.0])


def _answers(random: Random) -> Spell:
    """SageMaker throttles or fails, or connections break, before or after the effect."""
    kinds: tuple[Literal["throttled", "unavailable", "dropped"], ...] = ("throttled", "unavailable", "dropped")
    kind, when = random.choice(kinds), _when(random)
    if kind == "throttled":
        when = "before"
    fault = Fault(random.choice(_OPERATIONS), kind, when, times=None, probability=_share(random))
    return _spell(f"{kind}-{when}-{fault.operation}", fault)


def _deaths(random: Random) -> Spell:
    """Functions are killed in a call."""
    when, times = _when(random), random.choice([1, 2, None])
    fault = Fault(random.choice(_OPERATIONS), "killed", when, times=times, probability=random.choice([0.1, 0.3, 1]))
    return _spell(f"killed-{when}-{fault.operation}", fault)


def _delays(random: Random) -> Spell:
    """Calls take long, and some longer than functions may."""
    seconds, times = random.choice([5.0, 30.0, 70.0, 400.0]), random.choice([1, 3, None])
    operation, when = random.choice(_OPERATIONS), _when(random)
    return _spell(f"slow-{when}-{operation}", Fault(operation, "slow", when, times, 0, _share(random), seconds))


def _when(random: Random) -> _When:
    choices: tuple[_When, ...] = ("before", "after")
    return random.choice(choices)


def _staleness(random: Random) -> Spell:
    """Replicas lag, but no longer than is assumed; or what a call builds on cannot be seen, however old it is."""
    operation = random.choice(["", "", "CreateEndpointConfig", "CreateEndpoint", "UpdateEndpoint"])
    if not operation:
        return _spell("lag", lag=random.choice([10.0, 30.0, MOST_LAG]))
    return _spell(f"stale-{operation}", Fault(operation, "stale", times=random.choice([1, 3, 10])))


def _limits(random: Random) -> Spell:
    """The API answers few calls a second."""
    rate = random.choice([0.2, 1.0, 5.0])
    return _spell(f"limit-{rate}", calls_per_second=rate)


def _refusals(random: Random) -> Spell:
    """SageMaker refuses for a reason that stays, for as long as it does."""
    code, message = random.choice(_REFUSALS)
    operation, times = random.choice(_OPERATIONS), random.choice([1, None])
    fault = Fault(operation, "rejected", times=times, probability=_share(random), code=code, message=message)
    return _spell(f"{code}-{operation}", fault)


def _failures(random: Random) -> Spell:
    """Fleets do not come up or do not stay up, or cannot even be rolled back."""
    stages: tuple[tuple[Literal["Creating", "Baking", "RollingBack"], ...], ...] = (
        ("Creating",), ("Baking",), ("Creating", "RollingBack"),
    )  # fmt: skip
    chosen = random.choices(stages, [5, 3, 1])[0]
    reason = random.choice([_CAPACITY, _HEALTH])
    return _spell(f"failed-{'-'.join(chosen)}", failures=tuple(Failure("*", stage, reason) for stage in chosen))


def _outside(random: Random) -> Spell:
    """Another service goes wrong."""
    service = random.choice(_SERVICES)
    kinds: tuple[_Kind, ...] = ("throttled", "unavailable", "dropped", "slow", "killed", "denied", "refused", "lost")
    kind = random.choice(kinds if service == "events" else kinds[:-2])
    share, seconds = random.choice([0.2, 0.5, 1.0]), random.choice([5.0, 80.0])
    return _spell(f"{service}-{kind}", Outside(service, kind, share, seconds))


_MAKERS: tuple[Callable[[Random], Spell], ...] = (
    _answers, _answers, _deaths, _delays, _staleness, _limits, _refusals, _failures, _outside,
)  # fmt: skip
