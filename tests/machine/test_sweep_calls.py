"""How many calls of SageMaker a sweep takes: their number is guaranteed, because the account's quota is shared."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.machine.factories import DAY, calls_of, deploy

if TYPE_CHECKING:
    from local.virtual_time.world import World

LISTINGS = {"ListEndpoints": 1, "ListEndpointConfigs": 2, "ListModels": 1}
"""Of the whole account; endpoint configs once more for those that are new since."""


@pytest.mark.parametrize("endpoints", [1, 4])
def test_endpoint_that_nothing_is_removed_of_takes_seven_calls(world: World, endpoints: int) -> None:
    """The sweep reads a config and its tags; drift detection these, the endpoint, its tags and the model, each once."""
    for number in range(endpoints):
        deploy(world, "a", endpoint=f"churn-{number}")
    world.clock.sleep(2 * DAY)

    with calls_of(world) as operations:
        world.sweep()

    looks = {"DescribeEndpoint": 1, "DescribeEndpointConfig": 2, "ListTags": 3, "DescribeModel": 1}
    assert Counter(operations) == LISTINGS | {operation: endpoints * count for operation, count in looks.items()}


def test_revision_that_is_retained_takes_two_calls(world: World) -> None:
    """Its tags say that it was deployed, and its config which models it names."""
    deploy(world, "a", "b", "c")
    world.clock.sleep(2 * DAY)

    with calls_of(world) as operations:
        world.sweep()

    found = Counter(operations)
    assert (found["DescribeEndpointConfig"], found["ListTags"]) == (2 + 2, 3 + 2)


@pytest.mark.parametrize("removed", [1, 2, 3])
def test_removed_revision_takes_four_calls(world: World, removed: int) -> None:
    """The tags of config and model say that they are unused. Before the first removal, all endpoints are looked at.

    That takes a while, so the tags of the first config are read again. The live config's tags are known.
    """
    deploy(world, "a", "b", "c", *"defg"[:removed])
    world.clock.sleep(2 * DAY)

    with calls_of(world) as operations:
        world.sweep()

    found = Counter(operations)
    assert (found["DeleteEndpointConfig"], found["DeleteModel"]) == (removed, removed)
    assert (found["ListEndpoints"], found["DescribeEndpoint"]) == (1 + 1, 1 + 1)
    assert found["ListTags"] == 3 + 2 + 1 + 2 * removed
