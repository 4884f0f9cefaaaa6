"""Every replica lags five minutes: deployments take longer, and succeed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from local.simulator import Settings
from tests.machine.factories import ANSWERS, KEY, deploy, loads, request, rollback, serves, upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World

LAG = Settings(lag=300, least_lag=300)


@pytest.mark.parametrize("seed", range(3))
def test_creation_with_replicas_that_lag_five_minutes_succeeds(make_world: Callable[..., World], seed: int) -> None:
    """One of everything is created."""
    world = make_world(LAG, seed)

    execution = world.upload(KEY, b"one")
    world.machine.run()

    assert (execution.states[-1], execution.cause) == ("Deployed", "")
    assert [len(names) for names in world.names.values()] == [1, 1, 1]
    assert loads(world) == b"one"


@pytest.mark.parametrize("pause", [60, 1200], ids=["a minute later", "20 minutes later"])
@pytest.mark.parametrize("seed", range(3))
def test_update_with_replicas_that_lag_five_minutes_succeeds(
    make_world: Callable[..., World], seed: int, pause: int
) -> None:
    """The update begins while replicas do not show the one before yet."""
    world = make_world(LAG, seed)
    first = world.run(request("a", SmokeTest=ANSWERS))
    world.clock.sleep(pause)

    second = world.run(request("b", SmokeTest=ANSWERS))

    assert (first.states[-1], second.states[-1], second.cause) == ("Deployed", "Deployed", "")
    assert serves(world) == "b"
    assert world.count("UpdateEndpoint") == 1


@pytest.mark.parametrize("seed", range(3))
def test_failed_smoke_test_with_replicas_that_lag_five_minutes_is_restored(
    make_world: Callable[..., World], seed: int
) -> None:
    """The endpoint serves the first bytes again."""
    world = make_world(Settings(lag=300, least_lag=300, broken_models={"bad": "cannot predict"}), seed)
    deploy(world, "a")
    world.clock.sleep(1200)

    execution = world.run(request("bad", SmokeTest=ANSWERS))

    assert execution.error == "SmokeTestFailedError"
    assert serves(world) == "a"
    assert "RestoreError" not in world.bus[-1]


@pytest.mark.parametrize("seed", range(3))
def test_failed_creation_with_replicas_that_lag_five_minutes_is_deleted(
    make_world: Callable[..., World], seed: int
) -> None:
    """Nothing was there before."""
    world = make_world(Settings(lag=300, least_lag=300, broken_models={"bad": "cannot predict"}), seed)

    execution = world.run(request("bad", SmokeTest=ANSWERS))

    assert execution.error == "SmokeTestFailedError"
    assert world.names["Endpoints"] == []
    assert "RestoreError" not in world.bus[-1]


@pytest.mark.parametrize("seed", range(3))
def test_update_that_sagemaker_rolls_back_is_reported_with_replicas_that_lag(
    make_world: Callable[..., World], seed: int
) -> None:
    """No look takes the state before the update for its rollback."""
    world = make_world(LAG, seed)
    deploy(world, "a")
    world.clock.sleep(1200)
    world.simulator.settings = replace(LAG, failure_reasons={"*": "No capacity."})

    execution = world.run(request("b"))

    assert execution.error == "UpdateRolledBackError"
    assert "No capacity." in execution.cause
    assert serves(world) == "a"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("pause", [5, 200])
def test_updates_in_quick_succession_with_uneven_replicas_succeed(
    make_world: Callable[..., World], seed: int, pause: int
) -> None:
    """Some replicas show everything at once, others five minutes later."""
    world = make_world(Settings(lag=300), seed)
    for content in ("a", "b", "c"):
        world.clock.sleep(pause)
        execution = world.run(request(content, SmokeTest=ANSWERS))

        assert (execution.states[-1], execution.cause) == ("Deployed", "")
        assert serves(world) == content


@pytest.mark.parametrize("seed", range(3))
def test_rollback_with_replicas_that_lag_five_minutes_loads_the_first_bytes(
    make_world: Callable[..., World], seed: int
) -> None:
    """The revision before the live one is seen as deployed."""
    world = make_world(LAG, seed)
    for body in (b"one", b"two"):
        assert upload(world, body).states[-1] == "Deployed"
        world.clock.sleep(1200)

    execution = world.run(rollback())

    assert (execution.states[-1], execution.cause) == ("Deployed", "")
    assert loads(world) == b"one"
