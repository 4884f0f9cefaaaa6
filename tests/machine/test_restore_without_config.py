"""An endpoint whose new config was deleted is restored, and the run waits until every replica shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.simulator.settings import EventDelivery, Settings
from tests.machine.factories import live_revision, request, run_into

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World


@pytest.mark.parametrize("lag", [0, 100, 300], ids="every replica lags {} s".format)
def test_created_endpoint_whose_config_was_deleted_is_gone_when_the_run_ends(
    make_world: Callable[..., World], lag: int
) -> None:
    """Its deployment cannot be recorded, and nothing could be deployed with it any more."""
    settings = Settings(lag=lag, least_lag=lag, create_seconds=600, delete_seconds=300, events=EventDelivery())
    world = make_world(settings)
    execution = world.machine.start(request("a"))
    run_into(world, execution, "DescribeEndpoint")
    world.simulator.call("DeleteEndpointConfig", {"EndpointConfigName": live_revision(world)})

    world.machine.run()

    assert (execution.states[-1], world.bus[-1]["Restored"]) == ("Failed", "deleted")
    assert world.simulator.resources()["Endpoints"] == {}
