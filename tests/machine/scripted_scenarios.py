"""Scenarios that are not left to chance: executions that coincide to the second, which random ones seldom do."""

from __future__ import annotations

from typing import Any

from local.simulation.fault_windows import LONGEST_LAG, USUAL_LAG
from local.simulation.scenario import (
    Event,
    FaultWindow,
    Manual,
    OperatorStep,
    Redrive,
    Scenario,
    ServiceFault,
    Step,
    Stop,
    Sweep,
    Upload,
)
from local.simulator import EventDelivery, Fault, Settings
from tests.machine.factories import ANSWERS, KEY, request

ENVIRONMENT = {
    "POLL_INTERVAL_SECONDS": "30",
    "DEPLOYMENT_TIMEOUT_SECONDS": "7200",
    "UNUSED_RETENTION_HOURS": "2",
    "COPY_ARTIFACTS": "uploads",
}
_NO_FAULTS = Settings()
_NO_INSTANCES = Fault("CreateEndpoint", "rejected", code="ResourceLimitExceeded", message="The limit is 0 Instances.")
_BROKEN = {"bad": "cannot predict"}
_HOUR = 3600.0


def scenario(
    seed: int,
    *steps: Step,
    fault_windows: tuple[FaultWindow, ...] = (),
    settings: Settings = _NO_FAULTS,
    **environment: str,
) -> Scenario:
    """Build a scenario; its seed decides which replicas lag."""
    settled = {**ENVIRONMENT, "RETAINED_REVISIONS": "3", **environment}
    return Scenario(seed=seed, environment=settled, settings=settings, steps=steps, fault_windows=fault_windows)


def manual(name: str, at: float, content: str, **more: Any) -> Manual:
    """Build a request of a person for the endpoint `churn`."""
    return Manual(name=name, at=at, endpoint="churn", document=request(content, **more))


def late_event_between_equal_requests(seed: int) -> Scenario:
    """Content is live and requested again; an event from between the two arrives afterwards."""
    return scenario(
        seed,
        Event(name="first", at=0.0, endpoint="churn", detail=request("a")),
        Event(name="between", at=600.0, endpoint="churn", detail=request("b"), deliveries=(1400.0,)),
        Event(name="again", at=1200.0, endpoint="churn", detail=request("a")),
    )


def broken_update(seed: int) -> Scenario:
    """What serves is changed to a model that cannot answer, and the smoke test finds out."""
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        manual("second", 900.0, "bad", SmokeTest=ANSWERS),
        settings=Settings(lag=USUAL_LAG, broken_models=_BROKEN),
    )


def broken_update_of_a_new_endpoint(seed: int) -> Scenario:
    """The endpoint has just been created when a newer run changes it, is in service, and fails its smoke test."""
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        manual("newer", 597.0, "bad", SmokeTest=ANSWERS),
        settings=Settings(create_seconds=595.0, update_seconds=75.0, broken_models=_BROKEN),
    )


def resumed_broken_update(seed: int) -> Scenario:
    """A run is stopped before its smoke test; its event is delivered again, and the test fails."""
    slow = FaultWindow(
        name="slow answers", start=1000.0, end=2000.0, faults=(Fault("InvokeEndpoint", "slow", seconds=50.0, times=1),)
    )
    tested = request("bad", SmokeTest=ANSWERS)
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        Event(name="second", at=900.0, endpoint="churn", detail=tested, deliveries=(0.0, 3000.0)),
        Stop(name="stop", at=1190.0, execution="second.0"),
        fault_windows=(slow,),
        settings=Settings(broken_models=_BROKEN),
    )


def resumed_update(seed: int) -> Scenario:
    """A run is stopped while it waits for its endpoint; its event is delivered again, and the test passes."""
    tested = request("b", SmokeTest=ANSWERS)
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        Event(name="second", at=900.0, endpoint="churn", detail=tested, deliveries=(0.0, 2400.0)),
        Stop(name="stop", at=1000.0, execution="second.0"),
    )


def slow_twins(seed: int) -> Scenario:
    """A person starts two executions of one request while every call takes minutes; an older upload is live."""
    slow = Fault("*", "slow", times=None, seconds=40.0 + 10 * (seed % 4), probability=0.7)
    document = request("b", SmokeTest=ANSWERS)
    return scenario(
        seed,
        Upload(name="older", at=0.0, endpoint="churn", key=KEY, body="one"),
        Manual(name="twins", at=900.0, endpoint="churn", document=document, deliveries=(0.0, 0.5)),
        fault_windows=(FaultWindow(name="slow calls", start=890.0, end=9000.0, faults=(slow,)),),
        DEPLOYMENT_TIMEOUT_SECONDS="1200",
    )


def twin_that_cannot_record(seed: int) -> Scenario:
    """Two executions of one request deploy it; the function of the first is killed as often as it records that."""
    killed = Fault("AddTags", "killed", times=4)
    document = request("b", SmokeTest=ANSWERS)
    return scenario(
        seed,
        Upload(name="older", at=0.0, endpoint="churn", key=KEY, body="one"),
        Manual(name="twins", at=900.0, endpoint="churn", document=document, deliveries=(0.0, 0.5)),
        fault_windows=(FaultWindow(name="killed", start=910.0, end=4000.0, faults=(killed,)),),
    )


def redriven_after_its_twin(seed: int) -> Scenario:
    """A run is stopped in its smoke test, and its twin deploys the revision; then the first is redriven, and fails."""
    slow = Fault("InvokeEndpoint", "slow", seconds=50.0)
    denied = Fault("InvokeEndpoint", "rejected", times=None, code="AccessDeniedException", message="not authorized")
    tested = request("b", SmokeTest=ANSWERS)
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        Event(name="second", at=900.0, endpoint="churn", detail=tested, deliveries=(0.0, 2400.0)),
        Stop(name="stop", at=1190.0, execution="second.0"),
        Redrive(name="redrive", at=6000.0, execution="second.0"),
        fault_windows=(
            FaultWindow(name="slow", start=1000.0, end=1200.0, faults=(slow,)),
            FaultWindow(name="denied", start=5990.0, end=7000.0, faults=(denied,)),
        ),
    )


def model_of_a_swept_revision(seed: int) -> Scenario:
    """Old content is requested again while the sweep removes the revision that had it."""
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        manual("second", 10_000.0, "b"),
        manual("again", 20_000.0 + seed % 8 / 4, "a"),
        Sweep(name="sweep", at=20_000.0),
        settings=Settings(lag=USUAL_LAG),
        RETAINED_REVISIONS="1",
    )


def two_revisions_of_one_model(seed: int) -> Scenario:
    """Two revisions of one model are created at once, and the first to come so far cannot be deployed."""
    return scenario(
        seed,
        manual("growth", 0.0, "a", Tags={"team": "growth"}),
        manual("risk", 0.5, "a", Tags={"team": "risk"}),
        fault_windows=(FaultWindow(name="no instances", start=0.0, end=_HOUR, faults=(_NO_INSTANCES,)),),
        settings=Settings(lag=USUAL_LAG),
    )


def lagging_replicas(seed: int) -> Scenario:
    """Every replica lags five minutes, and two copies of an upload arrive at once."""
    return scenario(
        seed,
        Upload(name="first", at=0.0, endpoint="churn", key=KEY, body="one", deliveries=(0.0, 0.5)),
        Upload(name="second", at=5000.0, endpoint="churn", key=KEY, body="two", deliveries=(0.0, 0.5)),
        settings=Settings(lag=LONGEST_LAG, least_lag=LONGEST_LAG, create_seconds=150.0, update_seconds=150.0),
    )


def lost_events(seed: int) -> Scenario:
    """No event of SageMaker arrives, during a creation and an update."""
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        manual("second", 5000.0, "b"),
        settings=Settings(create_seconds=700.0, update_seconds=2000.0, events=EventDelivery(lost=1.0)),
    )


def overwritten_while_copied(seed: int) -> Scenario:
    """The key of an upload is overwritten after the deployment has been planned, and before the artifact is copied."""
    slow = ServiceFault("application-autoscaling", "slow", 1.0, 10.0)
    return scenario(
        seed,
        Upload(name="first", at=0.0, endpoint="churn", key=KEY, body="one"),
        Upload(name="second", at=900.0, endpoint="churn", key=KEY, body="two"),
        OperatorStep(name="overwrite", at=905.0, action="overwrite artifact", endpoint="churn"),
        fault_windows=(FaultWindow(name="slow", start=890.0, end=920.0, service_faults=(slow,)),),
    )


def overwritten_while_live(seed: int) -> Scenario:
    """The key of an upload is overwritten while it is live; a failed update and new instances load it again."""
    return scenario(
        seed,
        Upload(name="upload", at=0.0, endpoint="churn", key=KEY, body="one"),
        OperatorStep(name="overwrite", at=1000.0, action="overwrite artifact", endpoint="churn"),
        manual("broken", 1100.0, "bad", SmokeTest=ANSWERS),
        OperatorStep(name="replace", at=4000.0, action="replace instances", endpoint="churn"),
        settings=Settings(broken_models=_BROKEN),
    )
