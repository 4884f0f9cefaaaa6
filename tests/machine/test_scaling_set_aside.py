"""An update that is planned while another run's change has set the scaling aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.machine.factories import deploy_one, request, serves
from tests.machine.test_scaled_endpoints import counts, set_count
from tests.machine.test_scaling import POLICY, registered, scaled

if TYPE_CHECKING:
    from local.virtual_time.world import World


def test_counts_stay_although_the_targets_are_set_aside(world: World) -> None:
    """An update that SageMaker rolled back took the targets away, and has not put them back yet."""
    deploy_one(world, request("a", **scaled(9, POLICY)))
    set_count(world, "AllTraffic", 7)
    world.clock.sleep(600)
    world.autoscaling.deregister_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/churn/variant/AllTraffic",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
    )

    world.run(request("b", **scaled(9, POLICY)))

    assert serves(world) == "b"
    assert counts(world) == {"AllTraffic": 7}
    assert registered(world) == {"AllTraffic": (1, 9, "invocations")}
