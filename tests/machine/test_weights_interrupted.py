"""A run that changes weights is stopped in each state; then something else is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.simulator import Settings
from tests.machine.factories import ANSWERS, DAY, HOUR, REFUSES, deploy_one, entered, rollback
from tests.machine.weight_samples import split
from tests.machine.weighted_endpoints import check_deployed, check_next, check_whole, requested_weights, weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.json_document import Document
    from local.virtual_time.world import World

SETTINGS = Settings(create_seconds=45, update_seconds=45, scale_seconds=60)
WANTED = split(5, 5, SmokeTest=ANSWERS)


def prepare(make_world: Callable[..., Any]) -> tuple[Any, Document]:
    """Make a world with an endpoint that has been given other weights once; return an event for more of them."""
    world = make_world(SETTINGS)
    deploy_one(world, split(9, 1))
    deploy_one(world, split(7, 3))
    world.clock.sleep(HOUR)
    return world, world.requested(WANTED)


def moments(make_world: Callable[..., Any]) -> list[tuple[str, float]]:
    """Return the states that the run enters, each moment once, and when, in seconds from its start."""
    world, event = prepare(make_world)
    began = world.clock.now()
    times = {round(at - began, 6): state for state, at in entered(world.run(event))}
    return [(state, after) for after, state in times.items()]


def stop(world: World, event: Document, after: float) -> str:
    """Run an event, and stop it some seconds later, just after it has entered a state; return its last state."""
    began = world.clock.now()
    execution = world.machine.start(event)
    world.machine.stop(execution, at=began + after + 0.001)
    world.machine.run(began + after + 1)
    return execution.status


OTHERS = {
    "another change of weights": split(2, 8, SmokeTest=ANSWERS),
    "a change of weights that fails its test": split(2, 8, SmokeTest=REFUSES),
    "the weights of before": split(7, 3),
    "an update": split(4, 6, image="new", SmokeTest=ANSWERS),
    "an update that fails its test": split(4, 6, image="new", SmokeTest=REFUSES),
    "a rollback": rollback(),
}


@pytest.mark.parametrize("pause", [1, 2000], ids=["at once", "after half an hour"])
def test_same_event_again_deploys_the_weights_of_a_stopped_run(make_world: Callable[..., World], pause: float) -> None:
    for state, after in moments(make_world):
        world, event = prepare(make_world)
        stop(world, event, after)
        world.clock.sleep(pause)

        world.run(event)

        assert weights(world) == requested_weights(WANTED), state
        check_deployed(world, check_whole(world, state), state)


@pytest.mark.parametrize("pause", [1, 2000], ids=["at once", "after half an hour"])
@pytest.mark.parametrize("other", OTHERS)
def test_another_request_after_a_stopped_run_has_its_outcome(
    make_world: Callable[..., World], other: str, pause: float
) -> None:
    """The endpoint is whole, whatever the stopped run has left, and the next deployment works.

    Of the states, every fourth one is followed at once, and others after half an hour.
    """
    for state, after in moments(make_world)[2 * int(pause > 1) :: 4]:
        world, event = prepare(make_world)
        status = stop(world, event, after)
        world.clock.sleep(pause)

        execution = world.run(OTHERS[other])

        revision = check_whole(world, (state, status))
        if "fails" not in other:
            check_deployed(world, revision, state)
            assert execution.states[-1] in {"Deployed", "NothingToDo"}, (state, execution.cause)
            assert other == "a rollback" or weights(world) == requested_weights(OTHERS[other]), state
        else:
            assert execution.error == "SmokeTestFailedError", (state, execution.cause)
            assert weights(world) in [requested_weights(WANTED), requested_weights(split(7, 3))], state
        check_next(world, state)
    check_nothing_left(world, state)


def check_nothing_left(world: World, state: str) -> None:
    """Later deployments and two sweeps leave no more than what is retained."""
    for index in range(3):
        deploy_one(world, split(1, 1, image=f"later{index}"))
    for _ in range(2):
        world.clock.sleep(DAY + HOUR)
        world.sweep()
    assert len(world.names["EndpointConfigs"]) == 3, state
    folders = {
        each["Key"].split("/")[2]
        for each in world.s3.list_objects_v2(Bucket="artifacts", Prefix="revisions/")["Contents"]
    }
    assert folders - {"artifacts"} == set(world.names["EndpointConfigs"]), state


@pytest.mark.parametrize("pause", [1, 1200], ids=["at once", "after 20 minutes"])
@pytest.mark.parametrize("test", [ANSWERS, REFUSES], ids=["passes", "fails"])
def test_stopped_and_redriven_run_ends_well(make_world: Callable[..., World], test: Document, pause: float) -> None:
    """Every second state is tried at once, the others after 20 minutes."""
    for state, after in moments(make_world)[int(pause > 1) :: 2]:
        world, _ = prepare(make_world)
        began = world.clock.now()
        execution = world.machine.start(split(5, 5, SmokeTest=test))
        world.machine.stop(execution, at=began + after + 0.001)
        world.machine.run(began + after + pause)
        if execution.status == "ABORTED":
            world.machine.redrive(execution)

        world.machine.run()

        revision = check_whole(world, state)
        check_deployed(world, revision, state)
        assert weights(world) == requested_weights(split(5, 5) if test is ANSWERS else split(7, 3)), state
