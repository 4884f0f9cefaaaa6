"""Going back on request makes a new revision of the old content."""

from __future__ import annotations

from typing import Any

import pytest

from local.simulator import Settings
from tests.machine.factories import ANSWERS, deploy, live_revision, request, rollback, serves


def test_back_is_what_the_revision_before_held(world: Any) -> None:
    """The content is the old one, model included; the revision is new, and so the newest of all."""
    deploy(world, "a", "b")
    models = world.names["Models"]

    world.clock.sleep(60)
    execution = world.run(rollback())

    assert execution.states[-1] == "Deployed"
    assert serves(world) == "a"
    assert world.names["Models"] == models
    assert live_revision(world) == max(world.names["EndpointConfigs"])


def test_back_and_back_again_is_where_it_was(world: Any) -> None:
    """Going back is a deployment like any other, so the revision before it is the one that was left."""
    deploy(world, "a", "b")

    for _ in range(2):
        world.clock.sleep(60)
        world.run(rollback())

    assert serves(world) == "b"


def test_a_revision_may_be_named(world: Any) -> None:
    """What that one held goes live."""
    revisions = deploy(world, "a", "b", "c")

    world.clock.sleep(60)
    execution = world.run(rollback(revisions[0]))

    assert execution.states[-1] == "Deployed"
    assert serves(world) == "a"


def test_one_request_to_go_back_goes_back_once(world: Any) -> None:
    """The same event twice, at the same time or later, is one step back and not two."""
    deploy(world, "a", "b", "c")
    world.clock.sleep(60)
    event = world.requested(rollback())

    executions = [world.machine.start(event) for _ in range(3)]
    world.machine.run()
    world.clock.sleep(3600)
    executions.append(world.run(event))

    assert serves(world) == "b"
    assert sorted(execution.states[-1] for execution in executions) == ["Deployed"] + ["NothingToDo"] * 3


def test_what_failed_its_test_is_passed_over(make_world: Any) -> None:
    """A revision that is back from its undoing, or was never proven, is nothing to go back to."""
    world = make_world(Settings(broken_models={"bad": "cannot predict"}))
    deploy(world, "a")
    world.clock.sleep(60)
    world.run(request("bad", SmokeTest=ANSWERS))
    deploy(world, "c")

    world.clock.sleep(60)
    world.run(rollback())

    assert serves(world) == "a"


@pytest.mark.parametrize(
    ("contents", "to", "said"),
    [
        pytest.param([], True, "Rollback: there is no endpoint churn", id="no endpoint"),
        pytest.param(["a"], True, "Rollback: there is no revision before churn-", id="nothing before"),
        pytest.param(["a"], "churn-20200101T000000-0123456789ab", "there is no revision churn-2020", id="no such"),
    ],
)
def test_it_says_when_there_is_nothing_to_go_back_to(world: Any, contents: list[str], to: Any, said: str) -> None:
    """The request is rejected, and nothing changes."""
    deploy(world, *contents)
    before = world.names

    world.clock.sleep(60)
    execution = world.run(rollback(to))

    assert execution.states[-1] == "Rejected"
    assert said in execution.cause
    assert world.names == before


def test_going_back_may_be_guarded_and_proven(world: Any) -> None:
    """A smoke test holds for a rollback, too."""
    deploy(world, "a", "b")

    world.clock.sleep(60)
    execution = world.run(rollback(SmokeTest={"Body": "{}", "Expect": {"Contains": "nothing of the kind"}}))

    assert execution.error == "SmokeTestFailedError"
    assert serves(world) == "b"


def test_an_older_request_to_go_back_is_superseded(world: Any) -> None:
    """Who deployed after it was made has the last word."""
    deploy(world, "a", "b")
    world.clock.sleep(60)
    event = world.requested(rollback())
    deploy(world, "c")

    execution = world.run(event)

    assert execution.states[-1] == "Superseded"
    assert serves(world) == "c"
