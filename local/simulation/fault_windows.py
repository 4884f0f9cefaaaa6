"""Draws fault windows: periods of a scenario with certain faults; every window ends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from local.simulation.scenario import FaultWindow, ServiceFault
from local.simulator import EventDelivery, Fault
from local.simulator.settings import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

_OPERATIONS = (
    "*", "*", "*", "CreateModel", "DescribeModel", "CreateEndpointConfig", "DescribeEndpointConfig", "CreateEndpoint",
    "UpdateEndpoint", "DescribeEndpoint", "DeleteEndpoint", "DeleteEndpointConfig", "DeleteModel", "ListEndpoints",
    "ListEndpointConfigs", "ListModels", "AddTags", "ListTags", "InvokeEndpoint",
)  # fmt: skip
_WEIGHTS = "UpdateEndpointWeightsAndCapacities"
_CAPACITY = "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error."
_HEALTH = "The primary container for production variant v did not pass the ping health check."
REFUSED = "One or more of this is not supported with the given setup."
"""SageMaker's message where it refuses for a reason that the deployer does not know."""

_REFUSALS = (
    ("ResourceLimitExceeded", "The account-level service limit 'ml.m5.large for endpoint usage' is 0 Instances."),
    ("AccessDeniedException", "User: deployer is not authorized to perform this because of an explicit deny."),
    ("ValidationException", REFUSED),
)
_SERVICES = ("s3", "s3", "s3", "cloudwatch", "application-autoscaling", "events", "events", "events", "stepfunctions")

USUAL_LAG = 60.0
"""The most seconds for which a change is usually invisible to a replica, as docs/architecture.md assumes."""

LONGEST_LAG = 300.0
"""The most seconds for which a change is invisible to every replica, in the scenarios that go beyond the usual."""

_When = Literal["before", "after"]
_Kind = Literal["throttled", "unavailable", "dropped", "slow", "killed", "denied", "refused", "lost"]


def make_fault_windows(
    random: Random, moments: list[float], length: float, *, most_lag: float
) -> Iterator[FaultWindow]:
    """Yield the fault windows of a scenario: none, a few or many, mostly around the moments of requests.

    Args:
        random: Decides.
        moments: When executions start, in seconds after the scenario's start.
        length: How long the scenario is, in seconds.
        most_lag: The most seconds for which every replica may lag: less than any change of an endpoint takes.
    """
    for number in range(random.choice([0, 1, 1, 2, 2, 3, 5])):
        moment = random.choice(moments)
        at_once, meanwhile = moment - random.uniform(0, 5), moment + random.uniform(0, 900)
        start = max(0.0, random.choice([at_once, at_once, meanwhile, meanwhile, random.uniform(0, length)]))
        duration = random.choice([10.0, 60.0, 300.0, 1200.0, 1200.0, 3600.0])
        window = random.choice(_MAKERS)(random)
        settings = {name: min(value, most_lag) if "lag" in name else value for name, value in window.settings.items()}
        name, end = f"{number}-{window.name}", round(start + duration, 3)
        yield replace(window, name=name, start=round(start, 3), end=end, settings=settings)


def make_alarm_faults(random: Random, moments: list[float]) -> Iterator[FaultWindow]:
    """Yield windows in which calls of CloudWatch go wrong, while alarms may be made, looked at or swept."""
    kinds: tuple[_Kind, ...] = ("throttled", "unavailable", "dropped", "slow", "killed", "denied")
    for number in range(random.choice([0, 0, 1, 2])):
        start = round(max(0.0, random.choice(moments) + random.uniform(-5, 600)), 3)
        kind, duration = random.choice(kinds), random.choice([10.0, 60.0, 300.0, 1200.0])
        fault = ServiceFault("cloudwatch", kind, random.choice([0.5, 1.0]), random.choice([5.0, 80.0]))
        window = _window(f"alarms-{number}-{kind}", fault)
        yield replace(window, start=start, end=round(start + duration, 3))


def make_weight_faults(random: Random, moments: list[float]) -> Iterator[FaultWindow]:
    """Yield windows in which changes of weights go wrong: calls, the record of them in S3, or new instances."""
    for number in range(random.choice([0, 0, 1, 2])):
        start = round(max(0.0, random.choice(moments) + random.uniform(-5, 300)), 3)
        window, duration = random.choice(_WEIGHT_MAKERS)(random), random.choice([10.0, 60.0, 300.0, 1200.0])
        yield replace(window, name=f"weights-{number}-{window.name}", start=start, end=round(start + duration, 3))


def _failed_weights(random: Random) -> FaultWindow:
    """Calls that change weights fail, break off, are refused or take long, or the function is killed."""
    kind: Literal["throttled", "unavailable", "dropped", "killed", "slow", "rejected"] = random.choice(
        ["throttled", "unavailable", "dropped", "dropped", "killed", "killed", "slow", "rejected"]
    )
    when = "before" if kind in {"throttled", "rejected"} else _when(random)
    code, message = random.choice(_REFUSALS)
    times, seconds = random.choice([1, 2, None]), random.choice([5.0, 70.0])
    fault = Fault(_WEIGHTS, kind, when, times, 0, _share(random), seconds, code, message)
    return _window(f"{kind}-{when}-weights", fault)


def _failed_records(random: Random) -> FaultWindow:
    """Calls of S3 go wrong while weights are recorded."""
    kinds: tuple[_Kind, ...] = ("throttled", "unavailable", "dropped", "slow", "killed", "denied")
    kind = random.choice(kinds)
    return _window(f"s3-{kind}", ServiceFault("s3", kind, random.choice([0.2, 0.5]), random.choice([5.0, 80.0])))


def _window(name: str, *faults: Fault | ServiceFault, **settings: object) -> FaultWindow:
    of_sagemaker = tuple(fault for fault in faults if isinstance(fault, Fault))
    of_others = tuple(fault for fault in faults if isinstance(fault, ServiceFault))
    return FaultWindow(name=name, start=0.0, end=0.0, faults=of_sagemaker, service_faults=of_others, settings=settings)


def _share(random: Random) -> float:
    return random.choice([0.1, 0.3, 0.6, 1.0])


def _failed_calls(random: Random) -> FaultWindow:
    """SageMaker throttles or fails, or connections break, before or after the effect."""
    kinds: tuple[Literal["throttled", "unavailable", "dropped"], ...] = ("throttled", "unavailable", "dropped")
    kind, when = random.choice(kinds), _when(random)
    if kind == "throttled":
        when = "before"
    fault = Fault(random.choice(_OPERATIONS), kind, when, times=None, probability=_share(random))
    return _window(f"{kind}-{when}-{fault.operation}", fault)


def _killed_functions(random: Random) -> FaultWindow:
    """Functions are killed during a call."""
    when, times = _when(random), random.choice([1, 2, None])
    fault = Fault(random.choice(_OPERATIONS), "killed", when, times=times, probability=random.choice([0.1, 0.3, 1]))
    return _window(f"killed-{when}-{fault.operation}", fault)


def _slow_calls(random: Random) -> FaultWindow:
    """Calls take long, some of them longer than a function may run."""
    seconds, times = random.choice([5.0, 30.0, 70.0, 400.0]), random.choice([1, 3, None])
    operation, when = random.choice(_OPERATIONS), _when(random)
    return _window(f"slow-{when}-{operation}", Fault(operation, "slow", when, times, 0, _share(random), seconds))


def _when(random: Random) -> _When:
    choices: tuple[_When, ...] = ("before", "after")
    return random.choice(choices)


def _replica_lag(random: Random) -> FaultWindow:
    """Some or all replicas lag, or what a call builds on cannot be seen, however old it is; IAM learns of tags late."""
    kind = random.choice(["lag", "lag", "every-replica-lags", "tags", "stale"])
    if kind == "stale":
        operation = random.choice(["CreateEndpointConfig", "CreateEndpoint", "UpdateEndpoint"])
        return _window(f"stale-{operation}", Fault(operation, "stale", times=random.choice([1, 3, 10])))
    if kind == "tags":
        return _window("tag-lag", tag_lag=random.choice([30.0, 150.0, 280.0]))
    if kind == "every-replica-lags":
        seconds = random.choice([20.0, 100.0, LONGEST_LAG])
        return _window("every-replica-lags", lag=seconds, least_lag=seconds)
    return _window("lag", lag=random.choice([10.0, 30.0, USUAL_LAG]))


def _rate_limit(random: Random) -> FaultWindow:
    """The API answers few calls a second."""
    rate = random.choice([0.2, 1.0, 5.0])
    return _window(f"limit-{rate}", calls_per_second=rate)


def _refusals(random: Random) -> FaultWindow:
    """SageMaker refuses calls for a reason that stays as long as the window."""
    code, message = random.choice(_REFUSALS)
    operation, times = random.choice(_OPERATIONS), random.choice([1, None])
    fault = Fault(operation, "rejected", times=times, probability=_share(random), code=code, message=message)
    return _window(f"{code}-{operation}", fault)


def _failed_fleets(random: Random) -> FaultWindow:
    """Fleets do not start, fail while they bake, or cannot be rolled back."""
    stages: tuple[tuple[Literal["Creating", "Baking", "RollingBack"], ...], ...] = (
        ("Creating",), ("Baking",), ("Creating", "RollingBack"),
    )  # fmt: skip
    chosen = random.choices(stages, [5, 3, 1])[0]
    reason = random.choice([_CAPACITY, _HEALTH])
    return _window(f"failed-{'-'.join(chosen)}", failures=tuple(Failure("*", stage, reason) for stage in chosen))


def _service_faults(random: Random) -> FaultWindow:
    """Calls of another service go wrong."""
    service = random.choice(_SERVICES)
    kinds: tuple[_Kind, ...] = ("throttled", "unavailable", "dropped", "slow", "killed", "denied", "refused", "lost")
    kind = random.choice(kinds if service == "events" else kinds[:-2])
    share, seconds = random.choice([0.2, 0.5, 1.0]), random.choice([5.0, 80.0])
    return _window(f"{service}-{kind}", ServiceFault(service, kind, share, seconds))


def _unreliable_events(random: Random) -> FaultWindow:
    """Events of SageMaker are lost, come twice, at once or late."""
    share = random.choice([0.5, 1.0])
    deliveries = {
        "lost": EventDelivery(lost=share),
        "doubled": EventDelivery(doubled=share),
        "early": EventDelivery(early=share),
        "late": EventDelivery(late=share),
        "mixed": EventDelivery(lost=0.25, doubled=0.5, early=0.3, late=0.5),
    }
    kind = random.choice(["lost", *deliveries])
    return _window(f"events-{kind}", events=deliveries[kind])


_WEIGHT_MAKERS: tuple[Callable[[Random], FaultWindow], ...] = (
    _failed_weights, _failed_weights, _failed_fleets, _failed_records,
)  # fmt: skip

_MAKERS: tuple[Callable[[Random], FaultWindow], ...] = (
    _failed_calls, _failed_calls, _killed_functions, _slow_calls, _replica_lag, _replica_lag, _rate_limit, _refusals,
    _failed_fleets, _service_faults, _service_faults, _unreliable_events,
)  # fmt: skip
