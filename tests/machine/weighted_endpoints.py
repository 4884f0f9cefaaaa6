"""Endpoints of two variants, whose weights and counts they have, and requests for others."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from deployer.aws.s3 import Objects
from deployer.planning.weight_record import WeightRecord
from local.simulator.fleet import Traffic
from local.simulator.variants import Variants
from tests.machine.factories import BUCKET, deploy_one, endpoint_of, tags_of_config
from tests.machine.weight_samples import split

if TYPE_CHECKING:
    import pytest

    from deployer.json_document import Document
    from local.virtual_time.world import World

Weights = dict[str, tuple[float, int]]
"""The weight and the count of each variant."""


MOMENTS = (st.integers(0, 6), st.integers(0, 400), st.integers(1, 2))
"""When a request is made, in minutes; after how many seconds each copy of its event comes; how many there are."""


def requested(world: World, wanted: Document, at: float, event_id: str = "e") -> Document:
    """Build the event of an application that asks for something as of a moment from now."""
    moment = datetime.fromtimestamp(world.clock.now() + at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**world.requested(wanted), "id": event_id, "time": moment}


def run_all(world: World, requests: list[tuple[Document, float, int, int]]) -> None:
    """Run requests, given as wanted, from when, after how many seconds each copy of the event comes, and how many."""
    began = world.clock.now()
    for index, (wanted, moment, delay, copies) in enumerate(requests):
        event = requested(world, wanted, moment, f"e{index}")
        for copy in range(copies):
            world.machine.start(event, at=began + moment + delay * (copy + 1))
    world.machine.run()


def requested_weights(request: Document) -> Weights:
    """Return the weights and counts that a request, or an endpoint config, asks for."""
    variants = request.get("EndpointConfig", request)["ProductionVariants"]
    return {each["VariantName"]: (each["InitialVariantWeight"], each["InitialInstanceCount"]) for each in variants}


def weights(world: World) -> Weights:
    """Return the weight and the count that each variant of the endpoint has, once every replica shows them."""
    world.clock.sleep(world.simulator.settings.lag)
    endpoint = world.simulator.call("DescribeEndpoint", {"EndpointName": "churn"})
    return {
        each["VariantName"]: (each["CurrentWeight"], each["CurrentInstanceCount"])
        for each in endpoint["ProductionVariants"]
    }


def record_of(world: World) -> WeightRecord:
    """Return the record of weights, read without injected faults."""
    return WeightRecord(Objects(world.s3), BUCKET)


def served(world: World) -> str:
    """Return the revision that the endpoint serves, by SageMaker and the record."""
    return record_of(world).served(endpoint_of(world))


def check_whole(world: World, point: object = "") -> str:
    """The endpoint rests with the weights and the counts of the revision that it serves, which is returned."""
    revision = served(world)
    config_of = world.simulator.resources()["EndpointConfigs"][revision]
    assert endpoint_of(world)["EndpointStatus"] == "InService", point
    assert weights(world) == requested_weights(config_of), (point, revision)
    return revision


def check_deployed(world: World, revision: str, point: object = "") -> None:
    """The endpoint serves a revision that is recorded as deployed, whole."""
    assert check_whole(world, point) == revision, point
    assert tags_of_config(world, revision)["endpoint-deployer:state"] == "deployed", point


def check_next(world: World, point: object = "", **more: Any) -> None:
    """Another deployment works."""
    wanted = split(2, 3, **more)
    revision = deploy_one(world, wanted)
    assert weights(world) == requested_weights(wanted), point
    check_deployed(world, revision, point)


def reset_weights_on_rollback(patch: pytest.MonkeyPatch) -> None:
    """Let SageMaker go back to the weights and counts of the endpoint config, which no document excludes."""
    revert = Traffic.revert

    def reset(traffic: Traffic) -> None:
        revert(traffic)
        if traffic.live:
            plain = Variants.of(traffic.live.variants.config, traffic.live.variants.images)
            traffic.live.resize(plain.counts)
            traffic.live.variants = plain

    patch.setattr(Traffic, "revert", reset)
