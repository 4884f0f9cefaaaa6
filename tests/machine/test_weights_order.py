"""The newest request wins, also where some change weights only, whatever order requests arrive and run in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.simulator import Settings
from tests.machine.factories import ANSWERS, DAY, REFUSES, deploy_one
from tests.machine.weight_samples import CHANGE, split
from tests.machine.weighted_endpoints import (
    MOMENTS,
    check_deployed,
    check_next,
    check_whole,
    requested,
    requested_weights,
    run_all,
    served,
    weights,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.json_document import Document
    from local.virtual_time.world import World

SETTINGS = Settings(create_seconds=45, update_seconds=45, scale_seconds=60)


KINDS = {"weights": split(5, 5), "other weights": split(2, 8), "a count": split(9, 1, count=2)}
UPDATES = {"an update": split(9, 1, image="new"), "an update of all": split(4, 6, count=2, image="new")}
PAIRS = [(one, other) for one in KINDS for other in {**KINDS, **UPDATES} if one != other]


@pytest.mark.parametrize("delay", [0.0, 1.0, 65.0], ids="{} s apart".format)
@pytest.mark.parametrize("is_newest_first", [True, False], ids=["newest first", "oldest first"])
@pytest.mark.parametrize(("one", "other"), [*PAIRS, *((other, one) for one, other in PAIRS if other in UPDATES)])
def test_newer_of_two_requests_at_once_wins(
    make_world: Callable[..., World], one: str, other: str, delay: float, *, is_newest_first: bool
) -> None:
    """`one` is older than `other`; either may arrive first, and the second one at any time during the first."""
    world = make_world(SETTINGS)
    deploy_one(world, split(9, 1))
    world.clock.sleep(60)
    kinds = {**KINDS, **UPDATES}
    older, newer = requested(world, kinds[one], 0, "older"), requested(world, kinds[other], 30, "newer")
    first, second = (newer, older) if is_newest_first else (older, newer)
    began = world.clock.now()
    world.machine.start(first, at=began)
    world.machine.start(second, at=began + delay)

    world.machine.run()

    check_deployed(world, check_whole(world))
    assert weights(world) == requested_weights(kinds[other])
    assert all(execution.status == "SUCCEEDED" for execution in world.machine.executions)


@pytest.mark.parametrize("test", [ANSWERS, REFUSES], ids=["passes", "fails"])
@pytest.mark.parametrize("delay", [0.0, 0.5, 30.0, 61.0])
def test_twins_of_one_event_change_the_weights_once(
    make_world: Callable[..., World], delay: float, test: Document
) -> None:
    """Both end; a failed smoke test of either gives the weights of before back."""
    world = make_world(SETTINGS)
    old = deploy_one(world, split(9, 1))
    world.clock.sleep(60)
    event = requested(world, split(5, 5, SmokeTest=test), 0)
    began = world.clock.now()
    for copy in range(3):
        world.machine.start(event, at=began + copy * delay)

    world.machine.run()

    revision = check_whole(world)
    assert (revision == old) is (test is REFUSES)
    assert test is REFUSES or world.count(CHANGE) == 1
    check_deployed(world, revision)
    check_next(world)


STEPS = st.lists(
    st.tuples(
        st.sampled_from([split(5, 5), split(2, 8), split(9, 1), split(9, 1, count=2), split(9, 1, image="new")]),
        *MOMENTS,
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, lag=st.sampled_from([0, 1, 10]), scale=st.sampled_from([20, 60]), seed=st.integers(0, 1000))
def test_endpoint_ends_on_the_weights_of_its_newest_request(
    make_world: Callable[..., World],
    steps: list[tuple[Document, int, int, int]],
    lag: float,
    scale: float,
    seed: int,
) -> None:
    """Up to 5 requests, with duplicates and delays, in any interleaving; two sweeps leave what is served."""
    world = make_world(Settings(lag=lag, create_seconds=45, update_seconds=45, scale_seconds=scale), seed)
    deploy_one(world, split(9, 1))
    world.clock.sleep(60)
    requests = [
        (wanted, 60.0 * minute + index, delay, copies) for index, (wanted, minute, delay, copies) in enumerate(steps)
    ]
    newest = max(requests, key=lambda each: each[1])

    run_all(world, requests)

    assert all(execution.status == "SUCCEEDED" for execution in world.machine.executions)
    check_deployed(world, check_whole(world))
    assert weights(world) == requested_weights(newest[0])
    revision = served(world)
    for _ in range(2):
        world.clock.sleep(DAY + 1)
        world.sweep()
    check_deployed(world, revision)
    assert world.drift == []
