"""A sweep deletes models and configs at the very moment at which a run finds them there: the run makes them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.simulator import Fault, Settings
from tests.machine.factories import deploy, request, serves

if TYPE_CHECKING:
    from local.virtual_time.world import World


@pytest.mark.parametrize("seconds", [1, 15, 29])
def test_model_that_is_swept_while_a_run_finds_it_is_created_again(world: World, seconds: int) -> None:
    """The run tags it as in use after it has read its tags, and what is gone cannot be tagged."""
    deploy(world, "a", "b")
    (model,) = (name for name, made in world.simulator.resources()["Models"].items() if "/a:1" in str(made))
    world.simulator.settings = Settings(faults=(Fault("AddTags", "slow", seconds=30.0, resource=model),))
    began = world.clock.now() + 60
    again = world.machine.start(request("a"), at=began)
    parameters = {"ModelName": model}
    world.clock.spawn(lambda: world.simulator.call("DeleteModel", parameters), name="sweep", at=began + seconds)

    world.machine.run()

    assert (again.states[-1], again.cause) == ("Deployed", "")
    assert serves(world) == "a"
    assert world.count("CreateModel") == 3
