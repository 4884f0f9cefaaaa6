"""A deployment is recorded although the answers of AddTags are lost, or come too late for the function."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.tags import DEPLOYED, STATE_TAG
from local.simulator.settings import Fault, Settings
from tests.machine.factories import live_revision, request, tags_of_config

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World

SLOW = Fault("AddTags", "slow", when="after", times=None, seconds=70)


@pytest.mark.parametrize("lag", [0, 60], ids="a lag of {} s".format)
def test_record_whose_answers_are_late_is_a_deployment(make_world: Callable[..., World], lag: int) -> None:
    """The tag is set, so the run must not end as failed with its revision in service."""
    world = make_world(Settings(lag=lag, faults=(SLOW,)))

    execution = world.run(request("a"))

    assert (execution.states[-1], execution.error) == ("Deployed", "")
    assert tags_of_config(world, live_revision(world))[STATE_TAG] == DEPLOYED


@pytest.mark.parametrize(
    "refusal",
    [
        Fault("ListTags", "rejected", code="AccessDeniedException", message="not authorized"),
        Fault("ListTags", "rejected", message="for a reason that is not documented"),
    ],
    ids=["denied", "rejected"],
)
def test_record_whose_answer_is_lost_is_a_deployment_although_its_tags_may_not_be_read(
    make_world: Callable[..., World], refusal: Fault
) -> None:
    """The tag is set by then, and setting it again succeeds."""
    world = make_world(Settings(faults=(Fault("AddTags", "dropped", when="after"), refusal)))

    execution = world.run(request("a"))

    assert (execution.states[-1], execution.error) == ("Deployed", "")
    assert tags_of_config(world, live_revision(world))[STATE_TAG] == DEPLOYED
