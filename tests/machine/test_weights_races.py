"""Changes of weights beside others of which some fail: the newest request that passes its smoke test is served."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.simulator import Fault, Settings
from tests.machine.factories import ANSWERS, DAY, REFUSES, deploy_one
from tests.machine.weight_samples import CHANGE, split
from tests.machine.weighted_endpoints import (
    MOMENTS,
    check_deployed,
    check_whole,
    requested,
    requested_weights,
    run_all,
    weights,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.json_document import Document
    from local.virtual_time.world import World

SETTINGS = Settings(create_seconds=45, update_seconds=45, scale_seconds=60)
CONTENTS = [split(5, 5), split(2, 8), split(9, 1, count=2), split(9, 1, image="new")]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(CONTENTS),
        st.sampled_from([ANSWERS, ANSWERS, REFUSES]),
        *MOMENTS,
    ),
    min_size=2,
    max_size=5,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, lag=st.sampled_from([0, 5]), scale=st.sampled_from([20, 60]), seed=st.integers(0, 1000))
def test_endpoint_ends_on_the_weights_of_the_newest_request_that_passes(
    make_world: Callable[..., World],
    steps: list[tuple[Document, Document, int, int, int]],
    lag: float,
    scale: float,
    seed: int,
) -> None:
    """Up to 5 requests, with duplicates and delays, in any interleaving; some fail their smoke test."""
    world = make_world(Settings(lag=lag, create_seconds=45, update_seconds=45, scale_seconds=scale), seed)
    deploy_one(world, split(9, 1))
    world.clock.sleep(60)
    requests = [
        ({**content, "SmokeTest": test}, 60.0 * minute + index, delay, copies)
        for index, (content, test, minute, delay, copies) in enumerate(steps)
    ]
    passing = [each for each in requests if each[0]["SmokeTest"] is ANSWERS]
    newest = max(passing, key=lambda each: each[1], default=(split(9, 1), 0.0, 0, 0))

    run_all(world, requests)

    revision = check_whole(world)
    check_deployed(world, revision)
    assert weights(world) == requested_weights(newest[0])
    assert not [event for event in world.bus if "RestoreError" in event]
    world.clock.sleep(DAY + 1)
    world.sweep()
    check_deployed(world, revision)
    assert world.drift == []


@pytest.mark.parametrize("test", [ANSWERS, REFUSES], ids=["the update passes", "the update fails"])
@pytest.mark.parametrize("is_update_newer", [True, False], ids=["newer update", "newer weights"])
@pytest.mark.parametrize("slow", [(5, 20), (20, 5), (0, 20)], ids=str)
def test_update_and_change_of_weights_between_check_and_call(
    make_world: Callable[..., World], slow: tuple[int, int], test: Document, *, is_update_newer: bool
) -> None:
    """Each is checked, and its call takes effect some seconds later; the other one may do anything meanwhile."""
    update, change = split(4, 6, image="new", SmokeTest=test), split(5, 5, SmokeTest=ANSWERS)
    faults = tuple(
        Fault(operation, "slow", seconds=seconds)
        for operation, seconds in zip(("UpdateEndpoint", CHANGE), slow, strict=True)
        if seconds
    )
    for offset in range(-2, 8, 2):
        world = make_world(SETTINGS)
        deploy_one(world, split(9, 1))
        world.clock.sleep(60)
        world.simulator.settings = replace(SETTINGS, faults=faults)
        began = world.clock.now() + 10
        world.machine.start(requested(world, update, 30 if is_update_newer else 0, "update"), at=began)
        world.machine.start(requested(world, change, 0 if is_update_newer else 30, "change"), at=began + offset)

        world.machine.run()

        is_updated = is_update_newer and test is ANSWERS
        check_deployed(world, check_whole(world, offset), offset)
        assert weights(world) == requested_weights(update if is_updated else change), offset
