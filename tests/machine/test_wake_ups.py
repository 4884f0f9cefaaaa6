"""Events of SageMaker wake the execution that waits; what is true, DescribeEndpoint says."""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING

import pytest

from deployer.json_document import Document
from local.simulator import EventDelivery, Failure, Fault, Settings
from tests.machine.factories import calls_of, deploy, entered, moment_of, request, serves

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.execution import Execution
    from local.virtual_time.world import World


def in_service_at(world: World, endpoint: str = "churn") -> float:
    """Return when an endpoint came into service."""
    moment: float = world.simulator.resources()["Endpoints"][endpoint]["LastModifiedTime"].timestamp()
    return moment


def noticed_at(execution: Execution) -> float:
    """Return when an execution saw that the endpoint is in service."""
    return next(moment for name, moment in entered(execution) if name == "ChooseSmokeTest")


def notice(world: World, execution: Execution, endpoint: str = "churn") -> float:
    """Return how many seconds after the fact an execution noticed it."""
    return noticed_at(execution) - in_service_at(world, endpoint)


def interval_at(execution: Execution, moment: float) -> float:
    """Return for how long the look that an execution was waiting in at a moment was to wait at most."""
    looks = [event for event in execution.events if event["type"] == "TaskScheduled" and moment_of(event) <= moment]
    return float(looks[-1]["taskScheduledEventDetails"]["timeoutInSeconds"])


def test_creations_are_noticed_within_two_seconds_in_the_median(make_world: Callable[..., World]) -> None:
    """The 95th percentile is five seconds, for creations of 120 to 700 seconds."""
    notices = []
    for number in range(40):
        world = make_world(Settings(create_seconds=120 + number * 580 / 39), seed=number)
        execution = world.run(request("a"))
        assert execution.states[-1] == "Deployed"
        notices.append(notice(world, execution))

    assert statistics.median(notices) <= 2
    assert statistics.quantiles(notices, n=20)[-1] <= 5
    assert min(notices) >= 0


DELIVERIES = {
    "lost": EventDelivery(lost=1),
    "doubled": EventDelivery(doubled=1),
    "early": EventDelivery(early=1),
    "late": EventDelivery(late=1),
    "half of each": EventDelivery(lost=0.5, doubled=0.5, early=0.5, late=0.5),
}


@pytest.mark.parametrize("delivery", DELIVERIES.values(), ids=DELIVERIES)
@pytest.mark.parametrize("seconds", [120, 333, 700])
def test_deployment_ends_at_most_one_look_interval_later(
    make_world: Callable[..., World], seconds: int, delivery: EventDelivery
) -> None:
    """For any delivery of events, each look waits no longer than the change has taken by then."""
    world = make_world(Settings(create_seconds=seconds, update_seconds=seconds, events=delivery), seed=seconds)
    for content in ("a", "b"):
        world.clock.sleep(60)
        execution = world.run(request(content))

        assert execution.states[-1] == "Deployed"
        assert execution.failures == []
        assert 0 <= notice(world, execution) <= interval_at(execution, in_service_at(world))
        assert serves(world) == content
        assert world.outcomes[-1] == "Deployed"


@pytest.mark.parametrize("delivery", DELIVERIES.values(), ids=DELIVERIES)
def test_rolled_back_update_is_noticed_however_events_arrive(
    make_world: Callable[..., World], delivery: EventDelivery
) -> None:
    """The failure is reported once."""
    world = make_world(Settings(events=delivery), seed=5)
    deploy(world, "a")
    world.simulator.settings = Settings(events=delivery, failures=(Failure("*", "Creating", "No capacity."),))
    world.clock.sleep(60)

    execution = world.run(request("b"))

    assert execution.error == "UpdateRolledBackError"
    assert "No capacity." in execution.cause
    assert world.outcomes == ["Deployed", "Failed"]
    assert serves(world) == "a"


@pytest.mark.parametrize("slow", [0, 2, 5, 15], ids=lambda slow: f"{slow} s a look")
@pytest.mark.parametrize("seconds", [1, 3, 9])
def test_event_that_arrives_while_the_execution_looks_is_not_lost(
    make_world: Callable[..., World], seconds: int, slow: int
) -> None:
    """The token exists before the look, so an event between the look and the wait completes the task."""
    faults = (Fault("DescribeEndpoint", "slow", "after", times=None, seconds=slow),)
    delivery = EventDelivery(early=1)
    world = make_world(Settings(create_seconds=seconds, faults=faults, events=delivery))

    execution = world.run(request("a"))

    assert execution.states[-1] == "Deployed"
    assert notice(world, execution) <= 2 * slow + 10


@pytest.mark.parametrize("seed", range(6))
def test_wake_up_that_a_lagging_replica_answers_is_followed_by_another_look(
    make_world: Callable[..., World], seed: int
) -> None:
    """An event arrives before every replica shows the change: the execution looks again within seconds."""
    world = make_world(Settings(lag=8), seed)

    execution = world.run(request("a"))

    assert execution.states[-1] == "Deployed"
    assert notice(world, execution) <= 45


def spurious(world: World, endpoint: str = "churn", status: str = "IN_SERVICE") -> Document:
    """Build the event of a change that has not happened."""
    arn = f"arn:aws:sagemaker:us-east-1:111122223333:endpoint/{endpoint}"
    detail = {"EndpointName": endpoint, "EndpointArn": arn, "EndpointStatus": status}
    event: Document = world.event("aws.sagemaker", "SageMaker Endpoint State Change", detail, [arn])
    return event


@pytest.mark.parametrize("status", ["IN_SERVICE", "FAILED", "OUT_OF_SERVICE", "UPDATE_ROLLBACK_FAILED"])
def test_spurious_event_makes_the_execution_look_and_changes_nothing(
    make_world: Callable[..., World], status: str
) -> None:
    """The endpoint is still being created, so the execution goes on waiting after any event."""
    world = make_world(Settings(events=EventDelivery(lost=1)))
    began = world.clock.now()
    execution = world.machine.start(request("a"))
    for moment in (20, 40, 41, 60, 100):
        world.clock.spawn(lambda: world.rules.deliver(spurious(world, status=status)), name="event", at=began + moment)

    world.machine.run()

    assert execution.states[-1] == "Deployed"
    assert execution.failures == []
    assert world.outcomes == ["Deployed"]
    assert world.rules.failures == []
    woken = [event for event in execution.events if event["type"] == "TaskSucceeded"]
    results = [json.loads(event["taskSucceededEventDetails"]["output"])["InService"] for event in woken]
    assert results == [False] * 5 + [True]


def test_spurious_event_in_every_state_changes_nothing(make_world: Callable[..., World]) -> None:
    """An event in each second of a run, in whatever state it is: the same outcome, with one of everything."""
    world = make_world(Settings(create_seconds=45))
    began = world.clock.now()
    execution = world.machine.start(request("a", SmokeTest={"Body": "{}"}))
    for second in range(60):
        world.clock.spawn(lambda: world.rules.deliver(spurious(world)), name="event", at=began + second + 0.5)

    world.machine.run()

    assert execution.states[-1] == "Deployed"
    assert execution.failures == []
    assert [len(names) for names in world.names.values()] == [1, 1, 1]
    assert world.rules.failures == []


def test_event_of_an_endpoint_without_a_deployment_changes_nothing(world: World) -> None:
    """An endpoint of others, and one whose deployment ended long ago, cause no call and no failure."""
    deploy(world, "a")

    with calls_of(world) as operations:
        for endpoint in ("churn", "theirs"):
            world.rules.deliver(spurious(world, endpoint))
        world.machine.run()

    assert operations == []
    assert world.rules.failures == []


def test_waking_calls_no_sagemaker(make_world: Callable[..., World]) -> None:
    """Each event costs one look of the execution and no call of its own."""
    world = make_world(Settings(events=EventDelivery(doubled=1)))

    with calls_of(world) as operations:
        execution = world.run(request("a"))

    described = [event for event in execution.events if event["type"] == "TaskScheduled"]
    assert operations.count("DescribeEndpoint") == 1 + len(described)


def test_execution_that_waits_its_turn_is_not_disturbed(make_world: Callable[..., World]) -> None:
    """The event wakes the run that deploys; the other one keeps its own intervals, and then deploys."""
    world = make_world(Settings())
    first = world.machine.start(request("a"))
    second = world.machine.start(request("b"), at=world.clock.now() + 30)

    world.machine.run()

    assert (first.states[-1], second.states[-1]) == ("Deployed", "Deployed")
    assert notice_of_first(world, first) <= 10
    assert serves(world) == "b"


def notice_of_first(world: World, execution: Execution) -> float:
    """Return the seconds between the start of a run's last look and its answer that the endpoint is in service."""
    last = [event for event in execution.events if event["type"].startswith("Task")][-1]
    created = world.simulator.resources()["Endpoints"]["churn"]["CreationTime"].timestamp()
    return float(moment_of(last) - created - world.simulator.settings.create_seconds)
