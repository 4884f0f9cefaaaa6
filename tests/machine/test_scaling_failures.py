"""Whatever goes wrong with scaling and wherever: the endpoint is on one revision, whole, with the scaling of that one.

The points are not listed by hand: a run without faults shows which calls it makes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from deployer.json_document import Document
from local.simulator import Fault, Settings
from local.simulator.errors import FunctionKilledError
from tests.machine.factories import ANSWERS, config, deploy_one, request, serves, variant
from tests.machine.scaling_samples import NIGHT, POLICY, registered, scaled

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World

SERVICE = "application-autoscaling"
SETTINGS = Settings(broken_models={"bad": "cannot predict"}, create_seconds=45, update_seconds=45)
LARGER = config(variant(InstanceType="ml.m5.xlarge"))
OLD = scaled(4, POLICY, ScheduledActions=[NIGHT])
NEW = scaled(6, {**POLICY, "PolicyName": "other"})
BEFORE: Document = {"AllTraffic": (1, 4, "invocations", "night")}
AFTER: Document = {"AllTraffic": (1, 6, "other")}
SCENARIOS = {
    "a new endpoint": ("", "b", {}),
    "an update": ("a", "b", {}),
    "other instances": ("a", "b", LARGER),
    "an update that fails its test": ("a", "bad", {}),
    "other instances that fail their test": ("a", "bad", LARGER),
}


def prepare(make_world: Callable[..., Any], old: str) -> World:
    """Make a world with an endpoint as it is before the run that things go wrong with."""
    world: World = make_world(SETTINGS)
    if old:
        deploy_one(world, request(old, **OLD))
    world.clock.sleep(60)
    return world


def wanted(content: str, change: Document) -> Document:
    """Build the request of that run."""
    return request(content, SmokeTest=ANSWERS, **NEW, **change)


def calls_of_the_run(make_world: Callable[..., Any], old: str, new: str, change: Document) -> list[tuple[str, int]]:
    """Return each call of Application Auto Scaling, as its operation and how many of that one went before."""
    world, calls = prepare(make_world, old), Counter[str]()
    found: list[tuple[str, int]] = []

    def note(service: str, operation: str, when: str) -> None:
        if (service, when) == (SERVICE, "before"):
            found.append((operation, calls[operation]))
            calls[operation] += 1

    world.inject_fault = note
    world.run(wanted(new, change))
    return found


def inject(world: World, operation: str, number: int, when: str, error: BaseException) -> None:
    """Let one call fail, before its effect or after it."""
    calls = Counter[tuple[str, str]]()

    def inject(service: str, called: str, moment: str) -> None:
        if service == SERVICE:
            calls[called, moment] += 1
            if (called, moment, calls[called, moment]) == (operation, when, number + 1):
                raise error

    world.inject_fault = inject


def check(world: World, old: str, new: str, point: object) -> None:
    """The endpoint serves one revision, with its scaling, and the outcome says which."""
    outcome = world.bus[-1]
    if outcome["Outcome"] == "Deployed":
        assert (serves(world), registered(world)) == (new, AFTER), point
    elif old:
        assert outcome["Outcome"] in {"Failed", "Rejected"}, (point, outcome)
        assert (serves(world), registered(world)) == (old, BEFORE), (point, outcome)
    else:
        assert world.names["Endpoints"] == [], point
        assert registered(world) == {}, point
    assert "RestoreError" not in outcome, point


def refusal(code: str) -> ClientError:
    """Build an answer of the service that refuses a call."""
    return ClientError({"Error": {"Code": code, "Message": "not now"}}, "any")


TRANSIENT: dict[str, tuple[str, BaseException]] = {
    "throttled": ("before", refusal("ThrottlingException")),
    "busy": ("before", refusal("ConcurrentUpdateException")),
    "connection lost before the effect": ("before", ConnectionClosedError(endpoint_url="https://aws")),
    "connection lost after the effect": ("after", ConnectionClosedError(endpoint_url="https://aws")),
    "function killed before the effect": ("before", FunctionKilledError()),
    "function killed after the effect": ("after", FunctionKilledError()),
}


@pytest.mark.parametrize("fault", TRANSIENT)
@pytest.mark.parametrize(("old", "new", "change"), SCENARIOS.values(), ids=SCENARIOS)
def test_transient_fault_of_any_call_changes_no_outcome(
    make_world: Callable[..., World], old: str, new: str, change: Document, fault: str
) -> None:
    """A fault that passes changes nothing of how a run ends, in restoring, too. Each occurs in every other call."""
    when, error = TRANSIENT[fault]
    for operation, number in calls_of_the_run(make_world, old, new, change)[[*TRANSIENT].index(fault) % 2 :: 2]:
        world = prepare(make_world, old)
        inject(world, operation, number, when, error)

        world.run(wanted(new, change))

        check(world, old, new, (operation, number))
        assert world.bus[-1]["Outcome"] == ("Failed" if new == "bad" else "Deployed"), (operation, number)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException", "LimitExceededException"])
@pytest.mark.parametrize("scenario", ["a new endpoint", "an update", "other instances"])
def test_permanent_refusal_of_any_call_restores_the_endpoint(
    make_world: Callable[..., World], scenario: str, code: str
) -> None:
    """A refusal ends the run, unless IAM may not know the target's tags yet; the endpoint is what it was."""
    old, new, change = SCENARIOS[scenario]
    for operation, number in calls_of_the_run(make_world, old, new, change):
        world = prepare(make_world, old)
        inject(world, operation, number, "before", refusal(code))

        world.run(wanted(new, change))

        check(world, old, new, (operation, number, code))


@pytest.mark.parametrize("kind", ["rejected", "dropped"])
@pytest.mark.parametrize("change", [{}, LARGER], ids=["same instances", "other instances"])
def test_fault_of_sagemaker_leaves_the_scaling(make_world: Callable[..., World], change: Document, kind: str) -> None:
    """SageMaker refuses any call of the run, or loses its answer."""
    world = prepare(make_world, "a")
    before = len(world.simulator.calls)
    world.run(wanted("b", change))
    operations = Counter(call.operation for call in world.simulator.calls[before:])
    for operation, times in operations.items():
        for number in range(times):
            world = prepare(make_world, "a")
            fault = Fault(operation, "rejected", skip=number, code="AccessDeniedException", message="not authorized")
            fault = fault if kind == "rejected" else Fault(operation, "dropped", "after", skip=number)
            world.simulator.settings = replace(SETTINGS, faults=(fault,))

            world.run(wanted("b", change))

            check(world, "a", "b", (operation, number))
