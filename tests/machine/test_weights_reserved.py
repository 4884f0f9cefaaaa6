"""An endpoint that a run is about to give other weights is not free for others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from local.simulator import Fault, Settings
from tests.machine.factories import HOUR, REFUSES, deploy_one
from tests.machine.weight_samples import CHANGE, split
from tests.machine.weighted_endpoints import check_deployed, check_whole, requested, requested_weights, weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World

SETTINGS = Settings(create_seconds=45, scale_seconds=60)
THROTTLED = replace(SETTINGS, faults=(Fault(CHANGE, "throttled", times=None),))
REFUSED = replace(SETTINGS, faults=(Fault(CHANGE, "rejected", message="no"),))


def test_older_request_waits_for_a_recorded_change_that_is_not_accepted_yet(make_world: Callable[..., World]) -> None:
    """The newer one is throttled for minutes, and then refused: the older one is the newest that can be served."""
    world = make_world(SETTINGS)
    deploy_one(world, split(9, 1))
    world.clock.sleep(HOUR)
    older = requested(world, split(2, 8), 0, "older")
    newer = requested(world, split(5, 5), 60, "newer")
    began = world.clock.now()
    world.simulator.settings = THROTTLED
    failing = world.machine.start(newer, at=began + 60)
    waiting = world.machine.start(older, at=began + 120)

    def refuse() -> None:
        world.simulator.settings = REFUSED

    world.clock.spawn(refuse, name="refusal", at=began + 300)
    world.machine.run()

    assert failing.error == "ChangeUncertainError"
    assert waiting.states[-1] == "Deployed", waiting.cause
    assert weights(world) == requested_weights(split(2, 8))
    check_deployed(world, check_whole(world))


@pytest.mark.parametrize("after", [0, 2], ids=["at once", "seconds later"])
def test_copy_of_a_request_waits_for_the_change_of_its_twin(make_world: Callable[..., World], after: float) -> None:
    """What the twin has recorded is not taken for the run's own change, which it would take back by itself."""
    world = make_world(SETTINGS)
    deploy_one(world, split(9, 1))
    world.clock.sleep(HOUR)
    event = requested(world, split(5, 5, SmokeTest=REFUSES), 0, "twins")
    began = world.clock.now()
    copies = [world.machine.start(event, at=began + delay) for delay in (0, after)]

    world.machine.run()

    assert {copy.error for copy in copies} == {"SmokeTestFailedError"}
    assert any("WaitForOtherDeployment" in copy.states for copy in copies)
    assert weights(world) == requested_weights(split(9, 1))
