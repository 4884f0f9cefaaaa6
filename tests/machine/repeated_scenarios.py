"""Scripted scenarios in which several executions, or a resumed one, handle one request."""

from __future__ import annotations

from dataclasses import replace

from local.simulation import scenario as steps
from local.simulator import EventDelivery, Fault, Settings
from tests.machine.factories import ANSWERS, KEY, request
from tests.machine.scripted_scenarios import BROKEN, manual, scenario


def copies_after_a_failed_smoke_test(seed: int) -> steps.Scenario:
    """The smoke test of an event's first copy is denied; the second copy deploys the revision once that is restored."""
    denied = Fault("InvokeEndpoint", "rejected", times=None, code="AccessDeniedException", message="not authorized")
    slow = Fault("InvokeEndpoint", "slow", times=None, seconds=50.0)
    tested = request("b", SmokeTest={**ANSWERS, "Repetitions": 4})
    deliveries = (0.0, 5.0 + 7 * seed)
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        steps.Event(name="second", at=900.0, endpoint="churn", detail=tested, deliveries=deliveries),
        fault_windows=(
            steps.FaultWindow(name="denied", start=890.0, end=1250.0, faults=(denied,)),
            steps.FaultWindow(name="slow", start=1250.0, end=9000.0, faults=(slow,)),
        ),
    )


def resumed_broken_update(seed: int) -> steps.Scenario:
    """A run is stopped before its smoke test; its event is delivered again, and the test fails."""
    slow = steps.FaultWindow(
        name="slow answers", start=1000.0, end=2000.0, faults=(Fault("InvokeEndpoint", "slow", seconds=50.0, times=1),)
    )
    tested = request("bad", SmokeTest=ANSWERS)
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        steps.Event(name="second", at=900.0, endpoint="churn", detail=tested, deliveries=(0.0, 3000.0)),
        steps.Stop(name="stop", at=1190.0, execution="second.0"),
        fault_windows=(slow,),
        settings=Settings(broken_models=BROKEN),
    )


def created_again_by_a_copy(seed: int) -> steps.Scenario:
    """A creation fails its smoke test and deletes the endpoint; another copy of its event creates it again at once."""
    tested = request("bad", SmokeTest=ANSWERS)
    return scenario(
        seed,
        steps.Event(name="first", at=0.0, endpoint="churn", detail=tested, deliveries=(0.0, 190.0)),
        settings=Settings(delete_seconds=5.0, broken_models=BROKEN, events=EventDelivery((1.0, 1.0))),
    )


def stopped_after_its_copy_failed(seed: int) -> steps.Scenario:
    """A creation fails and deletes the endpoint; the copy of its event that creates it again is stopped."""
    stop = steps.Stop(name="stop", at=200.0 + 30 * seed, execution="first.1")
    made = created_again_by_a_copy(seed)
    return replace(made, steps=(*made.steps, stop))


def resumed_update(seed: int) -> steps.Scenario:
    """A run is stopped while it waits for its endpoint; its event is delivered again, and the test passes."""
    tested = request("b", SmokeTest=ANSWERS)
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        steps.Event(name="second", at=900.0, endpoint="churn", detail=tested, deliveries=(0.0, 2400.0)),
        steps.Stop(name="stop", at=1000.0, execution="second.0"),
    )


def slow_twins(seed: int) -> steps.Scenario:
    """A person starts two executions of one request while every call takes minutes; an older upload is live."""
    slow = Fault("*", "slow", times=None, seconds=40.0 + 10 * (seed % 4), probability=0.7)
    document = request("b", SmokeTest=ANSWERS)
    return scenario(
        seed,
        steps.Upload(name="older", at=0.0, endpoint="churn", key=KEY, body="one"),
        steps.Manual(name="twins", at=900.0, endpoint="churn", document=document, deliveries=(0.0, 0.5)),
        fault_windows=(steps.FaultWindow(name="slow calls", start=890.0, end=9000.0, faults=(slow,)),),
        DEPLOYMENT_TIMEOUT_SECONDS="1200",
    )


def twin_that_cannot_record(seed: int) -> steps.Scenario:
    """Two executions of one request deploy it; the function of the first is killed as often as it records that."""
    killed = Fault("AddTags", "killed", times=4)
    document = request("b", SmokeTest=ANSWERS)
    return scenario(
        seed,
        steps.Upload(name="older", at=0.0, endpoint="churn", key=KEY, body="one"),
        steps.Manual(name="twins", at=900.0, endpoint="churn", document=document, deliveries=(0.0, 0.5)),
        fault_windows=(steps.FaultWindow(name="killed", start=910.0, end=4000.0, faults=(killed,)),),
    )


def redriven_after_its_twin(seed: int) -> steps.Scenario:
    """A run is stopped in its smoke test, and its twin deploys the revision; then the first is redriven, and fails."""
    slow = Fault("InvokeEndpoint", "slow", seconds=50.0)
    denied = Fault("InvokeEndpoint", "rejected", times=None, code="AccessDeniedException", message="not authorized")
    tested = request("b", SmokeTest=ANSWERS)
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        steps.Event(name="second", at=900.0, endpoint="churn", detail=tested, deliveries=(0.0, 2400.0)),
        steps.Stop(name="stop", at=1190.0, execution="second.0"),
        steps.Redrive(name="redrive", at=6000.0, execution="second.0"),
        fault_windows=(
            steps.FaultWindow(name="slow", start=1000.0, end=1200.0, faults=(slow,)),
            steps.FaultWindow(name="denied", start=5990.0, end=7000.0, faults=(denied,)),
        ),
    )


def redriven_after_its_copy_restored(seed: int) -> steps.Scenario:
    """A creation is stopped; another copy of its event finds the endpoint broken and deletes it; a redrive follows."""
    tested = request("bad", SmokeTest=ANSWERS)
    return scenario(
        seed,
        steps.Event(name="first", at=0.0, endpoint="churn", detail=tested, deliveries=(0.0, 60.0)),
        steps.Stop(name="stop", at=30.0, execution="first.0"),
        steps.Redrive(name="redrive", at=3000.0 * (seed + 1), execution="first.0"),
        settings=Settings(broken_models=BROKEN),
    )


def redriven_after_another_failed(seed: int) -> steps.Scenario:
    """A creation is stopped; a later update fails and is taken back; then the creation is redriven, and fails."""
    tested = request("bad", SmokeTest=ANSWERS)
    return scenario(
        seed,
        steps.Manual(name="first", at=0.0, endpoint="churn", document=tested),
        steps.Stop(name="stop", at=100.0, execution="first.0"),
        steps.Manual(name="second", at=4000.0, endpoint="churn", document=tested),
        steps.Redrive(name="redrive", at=9000.0, execution="first.0"),
        settings=Settings(broken_models=BROKEN),
    )


def redriven_after_a_hand_over(seed: int) -> steps.Scenario:
    """A creation without scaling is stopped and redriven; in between, a handed-over target is registered."""
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        steps.Stop(name="stop", at=100.0, execution="first.0"),
        steps.OperatorStep(name="hand-over", at=741.0, action="hand over scaling", endpoint="churn", choice=1),
        steps.Redrive(name="redrive", at=9000.0, execution="first.0"),
    )
