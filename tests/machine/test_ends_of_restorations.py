"""A run that restores an endpoint ends when the endpoint is as it was before, whatever a lagging replica shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.simulator.settings import EventDelivery, Failure, Settings
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


@pytest.mark.parametrize("lag", [0, 60, 300], ids="every replica lags {} s".format)
def test_created_endpoint_whose_config_another_copy_tagged_is_gone_when_the_run_ends(
    make_world: Callable[..., World], lag: int
) -> None:
    """Another execution of the same event found the config there, and bears the responsibility for it by its tag."""
    failure = Failure(config="*", stage="Creating", reason="No health.", step=1, times=None)
    world = make_world(Settings(lag=lag, least_lag=lag, create_seconds=900, delete_seconds=300, failures=(failure,)))
    event = world.requested(request("a"))
    first, second = world.machine.start(event), world.machine.start(event)

    world.machine.run()

    ends = {(execution.states[-1], execution.error) for execution in (first, second)}
    assert ends == {("Failed", "EndpointFailedError")}
    assert [announced.get("Restored") for announced in world.bus].count("deleted") == 1
    assert world.simulator.resources()["Endpoints"] == {}
