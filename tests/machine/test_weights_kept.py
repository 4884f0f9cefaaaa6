"""After a change of weights: the sweep, drift, rollbacks, scaling, approval and dry runs know what is served."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from local.simulator import Settings
from tests.machine.approvals import APPROVAL, answer, start
from tests.machine.drifts import kinds
from tests.machine.factories import DAY, HOUR, deploy_one, live_revision, rollback, stored
from tests.machine.weight_samples import CHANGE, split
from tests.machine.weighted_endpoints import check_deployed, check_next, check_whole, requested_weights, weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.json_document import Document
    from local.virtual_time.world import World

SETTINGS = Settings(create_seconds=45, update_seconds=45, scale_seconds=60)
RETAINED = 3


@pytest.fixture
def slow_world(make_world: Callable[..., World]) -> World:
    """A world in which a change of weights takes a minute."""
    made: World = make_world(SETTINGS)
    return made


def test_base_and_served_revision_are_never_swept(slow_world: World) -> None:
    """Also once they are beyond the retained revisions, and after any number of sweeps."""
    world = slow_world
    base = deploy_one(world, split(9, 1))
    made = [deploy_one(world, split(8 - index, index + 1)) for index in range(RETAINED + 2)]
    for _ in range(3):
        world.clock.sleep(DAY + HOUR)
        world.sweep()

    check_deployed(world, made[-1])
    assert live_revision(world) == base
    assert set(world.names["EndpointConfigs"]) == {base, *made[-RETAINED:]}
    assert {key.split("/")[2] for key in stored(world)} >= {base, *made[-RETAINED:]}
    assert world.drift == []
    check_next(world)


def test_base_and_its_record_are_swept_once_nothing_uses_them(slow_world: World) -> None:
    world = slow_world
    base = deploy_one(world, split(9, 1))
    changed = [deploy_one(world, split(5, 5)), deploy_one(world, split(2, 8))]
    assert [key for key in stored(world) if "/weights/" in key] == [
        f"revisions/churn/{base}/weights/0000000{number}" for number in (1, 2)
    ]

    later = [deploy_one(world, split(9, 1, image=f"later{index}")) for index in range(RETAINED)]
    for _ in range(2):
        world.clock.sleep(DAY + HOUR)
        world.sweep()

    assert set(world.names["EndpointConfigs"]) == {*later}
    assert not [key for key in stored(world) if base in key or any(name in key for name in changed)]


@pytest.mark.parametrize("seconds", [1, HOUR, DAY, 5 * DAY], ids="{} s later".format)
def test_endpoint_with_other_weights_than_its_config_has_not_drifted(slow_world: World, seconds: float) -> None:
    world = slow_world
    deploy_one(world, split(9, 1))
    for wanted in (split(5, 5), split(5, 5, count=2), split(9, 1, count=2)):
        deploy_one(world, wanted)

        assert kinds(world, seconds) == []


def test_drift_during_a_change_of_weights_is_not_reported(slow_world: World) -> None:
    world = slow_world
    deploy_one(world, split(9, 1))
    world.clock.sleep(HOUR)
    began = world.clock.now()
    world.machine.start(split(5, 5))
    for seconds in range(0, 120, 10):
        world.clock.sleep(max(0.0, began + seconds - world.clock.now()))
        world.sweeper.start({}, at=began + seconds)

    world.machine.run()

    assert world.drift == []
    check_whole(world)


def test_rollbacks_go_back_through_changes_of_weights(slow_world: World) -> None:
    """Each is a change of weights itself, until one is to another image."""
    world = slow_world
    wanted = [split(9, 1, image="old"), split(9, 1), split(5, 5), split(5, 5, count=2)]
    revisions = [deploy_one(world, each) for each in wanted]
    before = world.count("UpdateEndpoint")

    for index in (2, 1):
        deploy_one(world, rollback(revisions[index]))

        assert weights(world) == requested_weights(wanted[index])
        assert live_revision(world) == revisions[1]
        assert world.count("UpdateEndpoint") == before
        check_whole(world)
    last = deploy_one(world, rollback(revisions[0]))

    assert live_revision(world) == last
    check_deployed(world, last)
    check_next(world)


SCALING: Document = {
    "Scaling": {"a": {"ScalableTarget": {"MinCapacity": 1, "MaxCapacity": 4}}},
}


def test_scaling_that_is_asked_for_later_is_an_update(slow_world: World) -> None:
    """What is scaled is no longer changed by weights; without the scaling again, it is."""
    world = slow_world
    deploy_one(world, split(9, 1))
    deploy_one(world, split(5, 5))

    scaled = deploy_one(world, split(5, 5, **SCALING))

    assert live_revision(world) == scaled
    assert [target["ResourceId"] for target in world.scaling.targets_of("churn")] == ["endpoint/churn/variant/a"]
    again = deploy_one(world, split(2, 8, **SCALING))
    assert live_revision(world) == again
    assert weights(world) == requested_weights(split(2, 8))
    plain = deploy_one(world, split(2, 8))
    assert world.scaling.targets_of("churn") == []
    deploy_one(world, split(1, 1))
    assert live_revision(world) == plain
    check_whole(world)
    assert kinds(world) == []


def test_approved_change_of_weights_is_made(slow_world: World) -> None:
    world = slow_world
    base = deploy_one(world, split(9, 1))

    execution = start(world, split(5, 5, **APPROVAL))
    assert weights(world) == requested_weights(split(9, 1))
    answer(world, execution, "Approve")

    assert execution.states[-1] == "Deployed"
    assert live_revision(world) == base
    assert world.count(CHANGE) == 1
    check_deployed(world, str(world.bus[-1]["Revision"]))


def test_rejected_change_of_weights_is_not_made(slow_world: World) -> None:
    world = slow_world
    base = deploy_one(world, split(9, 1))

    execution = start(world, split(5, 5, **APPROVAL))
    answer(world, execution, "Reject")

    assert execution.status == "FAILED"
    assert world.count(CHANGE) == 0
    check_deployed(world, base)
    check_next(world)


def test_dry_run_says_that_only_weights_would_change(slow_world: World) -> None:
    """On an endpoint that has been given other weights before, compared with those."""
    world = slow_world
    base = deploy_one(world, split(9, 1))
    second = deploy_one(world, split(5, 5))
    world.clock.sleep(60)

    execution = world.run(split(5, 4, DryRun=True))

    preview = json.loads(execution.record["output"])["Plan"]["Preview"]
    assert preview["Action"] == "UpdateWeights"
    assert [each["Path"] for each in preview["Changes"]] == [
        "EndpointConfig.ProductionVariants[b].InitialVariantWeight"
    ]
    assert (preview["WayBack"], live_revision(world)) == (second, base)
    assert world.count(CHANGE) == 1
