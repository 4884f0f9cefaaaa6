"""Scripted scenarios of requests that differ in weights or instance counts only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.simulation import scenario as steps
from local.simulator import Fault, Settings
from tests.machine.factories import ANSWERS, config, container, request_of, variant
from tests.machine.scripted_scenarios import BROKEN, scenario

if TYPE_CHECKING:
    from deployer.json_document import Document

_DAY = 86_400.0


def split(weight: float, *, count: int = 1, content: str = "a", **more: object) -> Document:
    """Build a request for two variants: the first one's weight and count may differ."""
    variants = [
        variant("a", ModelName="a", InitialVariantWeight=weight, InitialInstanceCount=count),
        variant("b", ModelName="b", InitialVariantWeight=1),
    ]
    return {**request_of({"a": container(content), "b": container(content)}), **config(*variants), **more}


def by_event(name: str, at: float, detail: Document, *deliveries: float) -> steps.Event:
    """Build a request of an application, whose event arrives at once or after so many seconds."""
    return steps.Event(name=name, at=at, endpoint="churn", detail=detail, deliveries=deliveries or (0.0,))


def changed_weights(seed: int) -> steps.Scenario:
    """Weights are changed, and a day later those of before are requested again."""
    first, second, third = split(9), split(5 + seed), split(9)
    return scenario(seed, by_event("1", 0.0, first), by_event("2", 900.0, second), by_event("3", _DAY, third))


def late_weights(seed: int) -> steps.Scenario:
    """An event with other weights arrives after a newer one, which was carried out."""
    late, newer = by_event("late", 900.0, split(2), 4000.0), by_event("newer", 1000.0 + seed, split(3))
    return scenario(seed, by_event("first", 0.0, split(9)), late, newer)


def failed_change_of_count(seed: int) -> steps.Scenario:
    """A model that cannot answer is live, and its smoke test fails after a change of a count."""
    tested = split(9, count=2, content="bad", SmokeTest=ANSWERS)
    live = by_event("live", 0.0, split(9, content="bad"))
    return scenario(seed, live, by_event("count", 900.0, tested), settings=Settings(broken_models=BROKEN))


def changed_content_and_weights(seed: int) -> steps.Scenario:
    """A request has other models, and other weights, than what is live."""
    return scenario(seed, by_event("first", 0.0, split(9)), by_event("second", 900.0, split(5 + seed, content="b")))


def stopped_before_its_smoke_test(seed: int) -> steps.Scenario:
    """A change of weights is stopped before its smoke test, and a sweep comes two days later."""
    slow = Fault("InvokeEndpoint", "slow", times=None, seconds=50.0)
    return scenario(
        seed,
        by_event("first", 0.0, split(9)),
        by_event("weights", 900.0, split(5, SmokeTest=ANSWERS)),
        steps.Stop(name="stop", at=930.0, execution="weights.0"),
        steps.Sweep(name="sweep", at=2 * _DAY),
        fault_windows=(steps.FaultWindow(name="slow answers", start=800.0, end=2000.0, faults=(slow,)),),
    )


def created_again_on_its_base(seed: int) -> steps.Scenario:
    """An endpoint that was given other weights is deleted, and a late copy of its first event creates it again.

    Then the other weights are requested again.
    """
    delete = steps.OperatorStep(name="delete", at=3000.0, action="delete endpoint", endpoint="churn")
    first = by_event("first", 0.0, split(9), 0.0, 5000.0)
    other, again = by_event("other", 900.0, split(5 + seed)), by_event("again", 8000.0, split(5 + seed))
    return scenario(seed, first, other, delete, again)


def updated_back_to_its_base(seed: int) -> steps.Scenario:
    """A person attaches another config to an endpoint that was given other weights, and a late copy its first one."""
    take_over = steps.OperatorStep(name="take-over", at=3000.0, action="take over", endpoint="churn")
    first = by_event("first", 0.0, split(9), 0.0, 5000.0)
    other, again = by_event("other", 900.0, split(5 + seed)), by_event("again", 8000.0, split(5 + seed))
    return scenario(seed, first, other, take_over, again)


def redriven_after_other_weights(seed: int) -> steps.Scenario:
    """A first deployment is stopped while it waits or tests, and redriven once its config has other weights."""
    slow = Fault("InvokeEndpoint", "slow", times=None, seconds=50.0)
    return scenario(
        seed,
        by_event("first", 0.0, split(9, SmokeTest=ANSWERS)),
        steps.Stop(name="stop", at=100.0 + 90.0 * (seed % 2), execution="first.0"),
        by_event("second", 4000.0, split(5)),
        steps.Redrive(name="redrive", at=9000.0, execution="first.0"),
        fault_windows=(steps.FaultWindow(name="slow answers", start=100.0, end=2000.0, faults=(slow,)),),
    )


def broken_below_other_weights(seed: int) -> steps.Scenario:
    """A first deployment is stopped in its smoke test, and redriven, to fail, once its config has other weights."""
    slow = Fault("InvokeEndpoint", "slow", times=None, seconds=50.0)
    return scenario(
        seed,
        by_event("first", 0.0, split(9, content="bad", SmokeTest=ANSWERS)),
        steps.Stop(name="stop", at=190.0, execution="first.0"),
        by_event("second", 4000.0, split(5, content="bad")),
        steps.Redrive(name="redrive", at=9000.0, execution="first.0"),
        fault_windows=(steps.FaultWindow(name="slow answers", start=100.0, end=2000.0, faults=(slow,)),),
        settings=Settings(broken_models=BROKEN),
    )


def weights_beside_an_update(seed: int) -> steps.Scenario:
    """A change of weights and an update begin within seconds, while replicas lag; the update fails its test."""
    broken = split(9, content="bad", SmokeTest=ANSWERS)
    return scenario(
        seed,
        by_event("first", 0.0, split(9)),
        by_event("update", 898.0, broken),
        by_event("weights", 898.0 + seed % 5, split(5)),
        settings=Settings(lag=10.0, broken_models=BROKEN),
    )
