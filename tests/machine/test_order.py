"""The newest request wins, whatever order requests arrive and run in, and nothing is made twice."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.json_document import Document
from local.simulator import Settings
from tests.machine.factories import DAY, KEY, loads, request, serves

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World


def requested(world: World, endpoint: str, content: str, at: float, event_id: str) -> Document:
    """Build the event of an application that wants an endpoint to run an image, as of a moment from now."""
    moment = datetime.fromtimestamp(world.clock.now() + at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**world.requested(request(content, endpoint)), "id": event_id, "time": moment}


def deploy_in_turn(world: World, *requests: tuple[str, float]) -> list[str]:
    """Run requests for one endpoint, given by content and time, one after the other; return their last states."""
    events = [requested(world, "churn", content, at, f"e{index}") for index, (content, at) in enumerate(requests)]
    return [world.run(event).states[-1] for event in events]


def test_newer_request_updates_the_endpoint(world: World) -> None:
    """A newer request with other content goes live, and the endpoint stays the same one."""
    assert deploy_in_turn(world, ("a", 0), ("b", 10)) == ["Deployed", "Deployed"]

    assert serves(world) == "b"
    assert world.count("CreateEndpoint") == 1
    assert world.count("UpdateEndpoint") == 1


def test_older_request_never_replaces_a_newer_one(world: World) -> None:
    """A request that comes late is superseded, and creates nothing."""
    assert deploy_in_turn(world, ("a", 0), ("b", 20), ("c", 10)) == ["Deployed", "Deployed", "Superseded"]

    assert serves(world) == "b"
    assert len(world.names["EndpointConfigs"]) == 2


def test_same_content_again_is_nothing_to_do(world: World) -> None:
    """A request for what is live changes nothing."""
    assert deploy_in_turn(world, ("a", 0), ("a", 10), ("a", 0)) == ["Deployed", "NothingToDo", "NothingToDo"]

    assert world.count("CreateModel") == 1
    assert world.count("UpdateEndpoint") == 0


def test_request_for_the_live_content_counts_as_the_newest(world: World) -> None:
    """After a, and a again later, a request from between the two is superseded."""
    assert deploy_in_turn(world, ("a", 0), ("a", 20), ("b", 10)) == ["Deployed", "NothingToDo", "Superseded"]

    assert serves(world) == "a"


def test_content_that_was_live_before_can_be_live_again(world: World) -> None:
    """The model is found there with equal content; the revision is a new one."""
    assert deploy_in_turn(world, ("a", 0), ("b", 10), ("a", 20)) == ["Deployed"] * 3

    assert serves(world) == "a"
    assert len(world.names["Models"]) == 2
    assert len(world.names["EndpointConfigs"]) == 3


@pytest.mark.parametrize("seed", range(4))
def test_one_event_many_times_is_one_deployment(make_world: Callable[..., World], seed: int) -> None:
    """Duplicates that run at the same time give one of everything, and all but one have nothing to do."""
    world = make_world(Settings(lag=5), seed)
    event = requested(world, "churn", "a", 0, "e")
    executions = [world.machine.start(event) for _ in range(5)]

    world.machine.run()

    assert Counter(execution.states[-1] for execution in executions) == {"Deployed": 1, "NothingToDo": 4}
    assert [len(names) for names in world.names.values()] == [1, 1, 1]


def test_superseded_upload_in_a_queue_ends_without_an_update(world: World) -> None:
    """Three uploads while the endpoint is created: the newest is deployed, those between are superseded."""
    first = world.upload(KEY, b"one")
    world.machine.run(world.clock.now() + 30)
    rest = []
    for body in (b"two", b"three", b"four"):
        rest.append(world.upload(KEY, body))
        world.machine.run(world.clock.now() + 5)

    world.machine.run()

    assert [execution.states[-1] for execution in (first, *rest)] == [
        "Deployed",
        "Superseded",
        "Superseded",
        "Deployed",
    ]
    assert loads(world) == b"four"
    assert world.count("UpdateEndpoint") == 1


CONTENTS = st.sampled_from("abc")
REQUESTS = st.lists(
    st.tuples(st.sampled_from(["churn", "fraud"]), CONTENTS, st.integers(0, 5), st.integers(0, 900), st.integers(1, 2)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests=REQUESTS, lag=st.sampled_from([0, 1, 10]), seed=st.integers(0, 1000))
def test_each_endpoint_ends_on_its_newest_request_in_any_order(
    make_world: Callable[..., World], requests: list[tuple[str, str, int, int, int]], lag: float, seed: int
) -> None:
    """Up to 6 requests for 2 endpoints, with duplicates and delays, in any interleaving."""
    world = make_world(Settings(lag=lag), seed)
    began = world.clock.now()
    newest: dict[str, tuple[int, str]] = {}
    for index, (endpoint, content, minute, delay, copies) in enumerate(requests):
        # Two requests in one second have no order; a second apart they do.
        moment = minute * 60 + index
        newest[endpoint] = max(newest.get(endpoint, (-1, "")), (moment, content))
        event = requested(world, endpoint, content, moment, f"e{index}")
        for copy in range(copies):
            world.machine.start(event, at=began + moment + delay * (copy + 1))

    world.machine.run()

    assert all(execution.status == "SUCCEEDED" for execution in world.machine.executions)
    assert {name: serves(world, name) for name in world.names["Endpoints"]} == {
        name: content for name, (_, content) in newest.items()
    }
    world.clock.sleep(DAY + 1)
    world.sweep()
    assert not unused_models(world.simulator.resources())


def unused_models(resources: dict[str, Document]) -> set[str]:
    """Name models that no config uses."""
    used = {
        variant["ModelName"]
        for config in resources["EndpointConfigs"].values()
        for variant in config["ProductionVariants"]
    }
    return set(resources["Models"]) - used
