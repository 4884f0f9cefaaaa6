"""An application whose clock is wrong does not keep later requests from an endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.machine.factories import deploy, request, serves

if TYPE_CHECKING:
    from local.virtual_time.world import World


@pytest.mark.parametrize("time", ["2027-09-21T14:00:00Z", "9999-12-31T23:59:59Z"])
def test_request_from_the_future_is_rejected_and_the_next_one_deployed(world: World, time: str) -> None:
    """The newest request wins, so it would have won for years."""
    deploy(world, "a")

    execution = world.run({**world.requested(request("b")), "time": time})

    assert (execution.states[-1], serves(world)) == ("Rejected", "a")
    assert "time: " in execution.cause
    deploy(world, "c")
    assert serves(world) == "c"
