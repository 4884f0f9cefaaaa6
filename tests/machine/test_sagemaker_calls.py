"""How many calls of SageMaker a deployment takes: their number is guaranteed, because the account's quota is shared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.simulator import EventDelivery, Settings
from tests.machine.factories import ANSWERS, HOUR, LINEAR, REFUSES, calls_of, deploy, request

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World

CREATION = [
    "DescribeEndpoint",  # plan
    "CreateModel",
    "CreateEndpointConfig",
    "DescribeEndpointConfig",
    "CreateEndpoint",
    "DescribeEndpoint",
    "DescribeEndpoint",  # woken
    "AddTags",  # deployed
]
UPDATE = [
    "DescribeEndpoint",  # plan: the endpoint, its config and the config's tags
    "DescribeEndpointConfig",
    "ListTags",
    "CreateModel",
    "CreateEndpointConfig",
    "DescribeEndpointConfig",
    "DescribeEndpoint",  # once more just before the update
    "ListTags",
    "UpdateEndpoint",
    "DescribeEndpoint",
    "DescribeEndpoint",  # woken
    "AddTags",  # deployed
]


def test_creation_takes_eight_calls(world: World) -> None:
    """Replicas do not lag, and events arrive within seconds."""
    with calls_of(world) as operations:
        deploy(world, "a")

    assert operations == CREATION


def test_update_takes_twelve_calls(world: World) -> None:
    """Replicas do not lag, and events arrive within seconds."""
    deploy(world, "a")

    with calls_of(world) as operations:
        deploy(world, "b")

    assert operations == UPDATE


def test_repeated_request_takes_three_calls(world: World) -> None:
    """Three look-ups find that the content is live: the endpoint, its config and the config's tags."""
    event = world.requested(request("a"))
    world.run(event)

    with calls_of(world) as operations:
        execution = world.run(event)

    assert execution.states[-1] == "NothingToDo"
    assert operations == ["DescribeEndpoint", "DescribeEndpointConfig", "ListTags"]


def test_rejected_request_takes_one_call(world: World) -> None:
    """All problems are said at once, also what a change of the endpoint would meet; so it is looked for."""
    with calls_of(world) as operations:
        execution = world.run(request("a", Tags={"aws:x": "y"}))

    assert execution.states[-1] == "Rejected"
    assert operations == ["DescribeEndpoint"]


@pytest.mark.parametrize(
    ("delivery", "most"), [(EventDelivery(), 8), (EventDelivery(lost=1), 8)], ids=["events arrive", "events are lost"]
)
def test_update_of_eight_hours_takes_eight_calls_after_it_was_requested(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, delivery: EventDelivery, most: int
) -> None:
    """The looks become rarer, whether events arrive or not."""
    monkeypatch.setenv("DEPLOYMENT_TIMEOUT_SECONDS", "43200")
    world = make_world(Settings(events=delivery))
    deploy(world, "a")
    began = world.clock.now()

    with calls_of(world) as operations:
        deploy(world, "b", DeploymentConfig=LINEAR)

    after = operations[operations.index("UpdateEndpoint") + 1 :]
    assert world.clock.now() - began > 8 * HOUR
    assert len(after) <= most
    assert set(after) == {"DescribeEndpoint", "AddTags"}


def test_restoration_takes_few_calls(make_world: Callable[..., World]) -> None:
    """After a failed smoke test, the endpoint is looked at, changed back in minutes, and looked at until it rests."""
    world = make_world(Settings())
    deploy(world, "a", SmokeTest=ANSWERS)
    world.clock.sleep(60)

    with calls_of(world) as operations:
        execution = world.run(request("b", SmokeTest=REFUSES))

    after = operations[operations.index("InvokeEndpoint") + 1 :]
    assert execution.error == "SmokeTestFailedError"
    assert after.count("UpdateEndpoint") == 1
    assert len(after) <= 60


def test_waiting_for_another_deployment_calls_ever_less_often(make_world: Callable[..., World]) -> None:
    """A run that waits its turn for 80 minutes, and then deploys, makes fewer than 60 calls."""
    world = make_world(Settings(create_seconds=5000))
    first = world.machine.start(request("a"))
    world.machine.run(world.clock.now() + 60)

    with calls_of(world) as operations:
        second = world.run(request("b"))

    assert (first.states[-1], second.states[-1]) == ("Deployed", "Deployed")
    assert len(operations) < 80
