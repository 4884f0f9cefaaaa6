"""Whatever goes wrong with step policies and their alarms: the endpoint is on one revision, with its alarms.

The points are not listed by hand: a run without faults shows which calls of both services it makes.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from deployer.json_document import Document
from local.simulator import Settings
from local.simulator.errors import FunctionKilledError
from tests.machine.factories import ANSWERS, deploy_one, request, serves
from tests.machine.scaling_samples import LARGER, registered, scaled
from tests.machine.step_samples import IN, OUT, policy_alarms
from tests.scaling_documents import BUSY, steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World

SERVICES = {"application-autoscaling", "cloudwatch"}
SETTINGS = Settings(broken_models={"bad": "cannot predict"}, create_seconds=45, update_seconds=45)
BEFORE = ({"AllTraffic": (1, 4, "out", "in")}, [("in", 10.0), ("out", 1000.0)])
AFTER = ({"AllTraffic": (1, 6, "out")}, [("out", 500.0)])
NEW = scaled(6, steps("out", 2, {**BUSY, "Threshold": 500}))
NONE: tuple[Document, list[tuple[str, float]]] = ({}, [])
SCENARIOS = {
    "a new endpoint": ("", "b", {}),
    "an update": ("a", "b", {}),
    "other instances": ("a", "b", LARGER),
    "other instances that fail their test": ("a", "bad", LARGER),
}


def prepare(make_world: Callable[..., Any], old: str) -> World:
    """Make a world with an endpoint as it is before the run that things go wrong with."""
    world: World = make_world(SETTINGS)
    if old:
        deploy_one(world, request(old, **scaled(4, OUT, IN)))
    world.clock.sleep(60)
    return world


def wanted(content: str, change: Document) -> Document:
    """Build the request of that run."""
    return request(content, SmokeTest=ANSWERS, **NEW, **change)


def calls_of_the_run(make_world: Callable[..., Any], old: str, new: str, change: Document) -> list[tuple[str, int]]:
    """Return each call of the two services, as its operation and how many of that one went before."""
    world, calls = prepare(make_world, old), Counter[str]()
    found: list[tuple[str, int]] = []

    def note(service: str, operation: str, when: str) -> None:
        if service in SERVICES and when == "before":
            found.append((operation, calls[operation]))
            calls[operation] += 1

    world.inject_fault = note
    world.run(wanted(new, change))
    return found


def inject(world: World, operation: str, number: int, when: str, error: BaseException) -> None:
    """Let one call fail, before its effect or after it."""
    calls = Counter[str]()

    def inject(service: str, called: str, moment: str) -> None:
        if service in SERVICES and (called, moment) == (operation, when):
            calls[called] += 1
            if calls[called] == number + 1:
                raise error

    world.inject_fault = inject


def check(world: World, old: str, new: str, point: object) -> None:
    """The endpoint serves one revision, with its policies and their alarms."""
    outcome, found = world.bus[-1], (registered(world), policy_alarms(world))
    if outcome["Outcome"] == "Deployed":
        assert (serves(world), *found) == (new, *AFTER), point
    elif old:
        assert (serves(world), *found) == (old, *BEFORE), (point, outcome)
    else:
        # Alarms of policies that are gone do nothing, and are swept.
        assert (world.names["Endpoints"], found[0]) == ([], {}), point
        assert {policy for policy, _ in found[1]} <= {"gone"}, point
    assert "RestoreError" not in outcome, point


def refusal(code: str) -> ClientError:
    """Build an answer of a service that refuses a call."""
    return ClientError({"Error": {"Code": code, "Message": "not now"}}, "any")


TRANSIENT: dict[str, tuple[str, BaseException]] = {
    "throttled": ("before", refusal("ThrottlingException")),
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


REFUSALS = {
    "PutMetricAlarm": ["AccessDenied", "LimitExceeded", "ValidationError"],
    "DescribeAlarms": ["AccessDenied"],
    "DeleteAlarms": ["AccessDenied"],
}


@pytest.mark.parametrize("scenario", ["a new endpoint", "an update", "other instances"])
def test_permanent_refusal_of_an_alarm_restores_the_endpoint(make_world: Callable[..., World], scenario: str) -> None:
    """CloudWatch refuses one call of the run permanently; the endpoint is what it was."""
    old, new, change = SCENARIOS[scenario]
    for operation, number in calls_of_the_run(make_world, old, new, change):
        for code in REFUSALS.get(operation, []):
            world = prepare(make_world, old)
            inject(world, operation, number, "before", refusal(code))

            execution = world.run(wanted(new, change))

            check(world, old, new, (operation, number, code))
            assert execution.states[-1] in {"Failed", "Rejected"}, (operation, number, code)


def test_update_that_was_stopped_is_made_whole_by_the_next(make_world: Callable[..., World]) -> None:
    """Its policies are gone, and their alarms do nothing until they are replaced."""
    world = prepare(make_world, "a")
    world.autoscaling.deregister_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/churn/variant/AllTraffic",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
    )

    world.run(wanted("b", {}))

    check(world, "a", "b", "after")
    assert (registered(world), policy_alarms(world)) != NONE
