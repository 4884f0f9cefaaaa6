"""Scenarios that are not left to chance: executions that coincide to the second, which random ones seldom do."""

from __future__ import annotations

from typing import Any

from local.simulation import scenario as steps
from local.simulation.fault_windows import LONGEST_LAG, USUAL_LAG
from local.simulator import EventDelivery, Fault, Settings
from tests.machine.factories import ANSWERS, KEY, config, request

ENVIRONMENT = {
    "POLL_INTERVAL_SECONDS": "30",
    "DEPLOYMENT_TIMEOUT_SECONDS": "7200",
    "UNUSED_RETENTION_HOURS": "2",
    "COPY_ARTIFACTS": "uploads",
}
_NO_FAULTS = Settings()
_NO_INSTANCES = Fault("CreateEndpoint", "rejected", code="ResourceLimitExceeded", message="The limit is 0 Instances.")
_UNKNOWN = "Endpoint churn of account 111122223333 not found."
BROKEN = {"bad": "cannot predict"}
_HOUR = 3600.0


def scenario(
    seed: int,
    *happening: steps.Step,
    fault_windows: tuple[steps.FaultWindow, ...] = (),
    settings: Settings = _NO_FAULTS,
    **environment: str,
) -> steps.Scenario:
    """Build a scenario; its seed decides which replicas lag."""
    settled = {**ENVIRONMENT, "RETAINED_REVISIONS": "3", **environment}
    return steps.Scenario(
        seed=seed, environment=settled, settings=settings, steps=happening, fault_windows=fault_windows
    )


def manual(name: str, at: float, content: str, **more: Any) -> steps.Manual:
    """Build a request of a person for the endpoint `churn`."""
    return steps.Manual(name=name, at=at, endpoint="churn", document=request(content, **more))


def late_event_between_equal_requests(seed: int) -> steps.Scenario:
    """Content is live and requested again; an event from between the two arrives afterwards."""
    return scenario(
        seed,
        steps.Event(name="first", at=0.0, endpoint="churn", detail=request("a")),
        steps.Event(name="between", at=600.0, endpoint="churn", detail=request("b"), deliveries=(1400.0,)),
        steps.Event(name="again", at=1200.0, endpoint="churn", detail=request("a")),
    )


def late_copy_of_an_event(seed: int) -> steps.Scenario:
    """A second copy of an event arrives after a newer event has been deployed."""
    return scenario(
        seed,
        steps.Event(name="first", at=0.0, endpoint="churn", detail=request("a"), deliveries=(0.0, 5000.0)),
        steps.Event(name="second", at=1000.0, endpoint="churn", detail=request("b")),
    )


def unavailable_service(seed: int) -> steps.Scenario:
    """SageMaker fails for hours, and the step that depends on it gives up."""
    fails = Fault("DescribeEndpointConfig", "unavailable", times=None)
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        fault_windows=(steps.FaultWindow(name="unavailable", start=0.0, end=8000.0, faults=(fails,)),),
    )


def stack_update_while_waiting(seed: int) -> steps.Scenario:
    """The stack gets another poll interval and another timeout while a run waits for its turn."""
    changed = {"POLL_INTERVAL_SECONDS": "1", "DEPLOYMENT_TIMEOUT_SECONDS": "1200"}
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        manual("second", 60.0, "b"),
        steps.StackUpdate(name="update", at=100.0, environment=changed),
        settings=Settings(create_seconds=1500.0),
        POLL_INTERVAL_SECONDS="300",
    )


def broken_update(seed: int) -> steps.Scenario:
    """The live endpoint is changed to a model that cannot answer, and the smoke test fails."""
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        manual("second", 900.0, "bad", SmokeTest=ANSWERS),
        settings=Settings(lag=USUAL_LAG, broken_models=BROKEN),
    )


def refused_repetition(seed: int) -> steps.Scenario:
    """The answer to UpdateEndpoint is lost, and when it is repeated a look at the endpoint is denied."""
    lost = Fault("UpdateEndpoint", "dropped", "after")
    denied = Fault("DescribeEndpoint", "rejected", skip=2, code="AccessDeniedException", message="not authorized")
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        manual("second", 900.0, "bad", SmokeTest=ANSWERS),
        fault_windows=(steps.FaultWindow(name="lost, denied", start=890.0, end=960.0, faults=(lost, denied)),),
        settings=Settings(broken_models=BROKEN),
    )


def superseded_in_its_smoke_test(seed: int) -> steps.Scenario:
    """Invocations fail for so long that the endpoint is free for a newer request, whose answers come then."""
    slow = Fault("InvokeEndpoint", "slow", times=3, seconds=310.0)
    unknown = Fault("InvokeEndpoint", "rejected", times=30, code="ValidationError", message=_UNKNOWN)
    fails = Fault("InvokeEndpoint", "unavailable", times=None)
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        manual("second", 900.0, "b", SmokeTest=ANSWERS),
        manual("third", 1000.0, "c"),
        fault_windows=(steps.FaultWindow(name="failing", start=890.0, end=3500.0, faults=(slow, unknown, fails)),),
    )


def broken_update_of_a_new_endpoint(seed: int) -> steps.Scenario:
    """The endpoint has just been created when a newer run changes it, is in service, and fails its smoke test."""
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        manual("newer", 597.0, "bad", SmokeTest=ANSWERS),
        settings=Settings(create_seconds=595.0, update_seconds=75.0, broken_models=BROKEN),
    )


def model_of_a_swept_revision(seed: int) -> steps.Scenario:
    """Old content is requested again while the sweep removes the revision that had it."""
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        manual("second", 10_000.0, "b"),
        manual("again", 20_000.0 + seed % 8 / 4, "a"),
        steps.Sweep(name="sweep", at=20_000.0),
        settings=Settings(lag=USUAL_LAG),
        RETAINED_REVISIONS="1",
    )


def two_revisions_of_one_model(seed: int) -> steps.Scenario:
    """Two revisions of one model are created at once, and the first to come so far cannot be deployed."""
    return scenario(
        seed,
        manual("one", 0.0, "a"),
        manual("two", 0.5, "a", **config({"InstanceType": "ml.m5.large", "InitialInstanceCount": 2})),
        fault_windows=(steps.FaultWindow(name="no instances", start=0.0, end=_HOUR, faults=(_NO_INSTANCES,)),),
        settings=Settings(lag=USUAL_LAG),
    )


def lagging_replicas(seed: int) -> steps.Scenario:
    """Every replica lags five minutes, and two copies of an upload arrive at once."""
    return scenario(
        seed,
        steps.Upload(name="first", at=0.0, endpoint="churn", key=KEY, body="one", deliveries=(0.0, 0.5)),
        steps.Upload(name="second", at=5000.0, endpoint="churn", key=KEY, body="two", deliveries=(0.0, 0.5)),
        settings=Settings(lag=LONGEST_LAG, least_lag=LONGEST_LAG, create_seconds=150.0, update_seconds=150.0),
    )


def lost_events(seed: int) -> steps.Scenario:
    """No event of SageMaker arrives, during a creation and an update."""
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        manual("second", 5000.0, "b"),
        settings=Settings(create_seconds=700.0, update_seconds=2000.0, events=EventDelivery(lost=1.0)),
    )


def forgotten_approval(seed: int) -> steps.Scenario:
    """A person approves the first of two requests, and forgets the second."""
    return scenario(
        seed,
        manual("first", 0.0, "a", Approval={"TimeoutHours": 1}),
        steps.Answer(name="answer", at=600.0, execution="first.0", decision="Approve"),
        manual("second", 2000.0, "b", Approval={"TimeoutHours": 1}),
    )


def deleted_endpoint(seed: int) -> steps.Scenario:
    """An operator deletes a deployed endpoint, and a sweep follows."""
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        steps.OperatorStep(name="delete", at=1000.0, action="delete endpoint", endpoint="churn"),
        steps.Sweep(name="sweep", at=1000.0 + 1.5 * _HOUR),
    )


def smoke_test_during_a_sweep(seed: int) -> steps.Scenario:
    """An endpoint cannot be invoked for half an hour, so that an update waits for its smoke test during a sweep."""
    fails = Fault("InvokeEndpoint", "unavailable", times=None)
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        manual("second", 1000.0, "b", SmokeTest=ANSWERS),
        steps.Sweep(name="sweep", at=2600.0),
        fault_windows=(steps.FaultWindow(name="unavailable", start=1000.0, end=2800.0, faults=(fails,)),),
    )


def overwritten_while_copied(seed: int) -> steps.Scenario:
    """The key of an upload is overwritten after the deployment has been planned, and before the artifact is copied."""
    slow = steps.ServiceFault("application-autoscaling", "slow", 1.0, 10.0)
    return scenario(
        seed,
        steps.Upload(name="first", at=0.0, endpoint="churn", key=KEY, body="one"),
        steps.Upload(name="second", at=900.0, endpoint="churn", key=KEY, body="two"),
        steps.OperatorStep(name="overwrite", at=905.0, action="overwrite artifact", endpoint="churn"),
        fault_windows=(steps.FaultWindow(name="slow", start=890.0, end=920.0, service_faults=(slow,)),),
    )


def overwritten_while_live(seed: int) -> steps.Scenario:
    """The key of an upload is overwritten while it is live; a failed update and new instances load it again."""
    return scenario(
        seed,
        steps.Upload(name="upload", at=0.0, endpoint="churn", key=KEY, body="one"),
        steps.OperatorStep(name="overwrite", at=1000.0, action="overwrite artifact", endpoint="churn"),
        manual("broken", 1100.0, "bad", SmokeTest=ANSWERS),
        steps.OperatorStep(name="replace", at=4000.0, action="replace instances", endpoint="churn"),
        settings=Settings(broken_models=BROKEN),
    )
