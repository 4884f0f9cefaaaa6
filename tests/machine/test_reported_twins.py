"""Incidents of executions that coincide or wait for each other, each with the outcome that it has to have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.simulator import Fault, Settings
from tests.machine.factories import (
    ALARM,
    CANARY,
    deploy,
    deploy_one,
    request,
    rollback,
    serves,
    upload,
    variant,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World


def test_case_15_twin_that_cannot_create_its_config_reverts_nothing(make_world: Callable[..., World]) -> None:
    """Two executions of one request, 0.5 s apart; the twin times out in CreateEndpointConfig, the other one deploys."""
    world = make_world(Settings())
    upload(world, b"one")
    world.clock.sleep(60)
    slow = Fault("CreateEndpointConfig", "slow", times=7, skip=1, seconds=70)
    world.simulator.settings = Settings(faults=(slow,))
    first, twin = start_twins(world)

    world.machine.run()

    assert (first.states[-1], twin.states[-1], twin.error) == ("Deployed", "Failed", "Sandbox.Timedout")
    assert serves(world) == "b"
    assert world.count("UpdateEndpoint") == 1


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("seconds", [10, 19], ids=lambda seconds: f"{seconds} s a call")
def test_case_15_twins_with_slow_answers_are_one_deployment(
    make_world: Callable[..., World], seconds: float, seed: int
) -> None:
    """Every call takes long, so that a step of three calls takes about a minute."""
    world = make_world(Settings(), seed)
    upload(world, b"one")
    world.clock.sleep(60)
    world.simulator.settings = Settings(faults=(Fault("*", "slow", "after", times=None, seconds=seconds),))
    twins = start_twins(world)

    world.machine.run()

    outcomes = [twin.states[-1] for twin in twins]
    assert "Deployed" in outcomes, [twin.cause for twin in twins]
    assert set(outcomes) <= {"Deployed", "NothingToDo"}, [twin.cause for twin in twins]
    assert serves(world) == "b"
    assert world.count("UpdateEndpoint") == 1


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("times", [4, 8, 12, 20])
def test_case_15_twins_that_run_out_of_time_never_revert_each_other(
    make_world: Callable[..., World], times: int, when: Any, seed: int
) -> None:
    """For a while every call takes more than the function's minute: the run that deploys is not reverted."""
    world = make_world(Settings(), seed)
    upload(world, b"one")
    world.clock.sleep(60)
    world.simulator.settings = Settings(faults=(Fault("*", "slow", when, times=times, seconds=65),))
    twins = start_twins(world)

    world.machine.run()

    outcomes = {twin.states[-1] for twin in twins}
    assert outcomes <= {"Deployed", "NothingToDo", "Superseded", "Failed"}
    served = "b" if outcomes & {"Deployed", "NothingToDo"} else "inference"
    assert serves(world) == served, [(twin.states[-1], twin.cause) for twin in twins]


def start_twins(world: World) -> list[Any]:
    """Start two executions of one request, 0.5 s apart, whose names and moments of request differ."""
    wanted = request("b")
    return [world.machine.start(wanted, at=world.clock.now() + delay) for delay in (0, 0.5)]


@pytest.mark.parametrize(("poll", "timeout"), [(1, 7200), (2, 7200), (5, 43_200), (10, 43_200), (60, 43_200)], ids=str)
def test_case_18_execution_that_waits_its_turn_stays_far_below_the_history_limit(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, poll: int, timeout: int
) -> None:
    """A task has five events; Step Functions ends an execution at 25,000."""
    monkeypatch.setenv("POLL_INTERVAL_SECONDS", str(poll))
    monkeypatch.setenv("DEPLOYMENT_TIMEOUT_SECONDS", str(timeout))
    world = make_world(Settings())
    deploy(world, "a")
    world.simulator.set_status("churn", "Updating", seconds=100_000)

    execution = world.run(request("b"))

    assert (execution.states[-1], world.outcomes[-1]) == ("TimedOut", "TimedOut")
    assert len(execution.events) < 2_500
    assert serves(world) == ""


def test_canary_that_was_rolled_back_fails_although_another_request_takes_over(world: World) -> None:
    """The one that waits starts at once; that the first one was rolled back shows by the config that is attached."""
    world.make_alarm(ALARM)
    deploy(world, "a")
    began = world.clock.now() + 60
    first = world.machine.start(request("b", DeploymentConfig=CANARY), at=began)
    second = world.machine.start(request("c"), at=began + 100)
    world.clock.spawn(lambda: world.make_alarm(ALARM, "ALARM"), name="alarm", at=began + 400)

    world.machine.run()

    assert first.error == "UpdateRolledBackError"
    assert second.states[-1] == "Deployed"
    assert serves(world) == "c"


def test_configs_whose_names_contain_that_of_the_endpoint_change_nothing(world: World) -> None:
    """A listing finds names by any part of them; deployments and rollbacks list none of SageMaker."""
    world.simulator.call("CreateModel", {"ModelName": "html", "PrimaryContainer": {"Image": "i"}})
    others = [f"html-20261124T120000-{number:012x}" for number in range(120)]
    for name in others:
        variants = [variant("AllTraffic", ModelName="html")]
        world.simulator.call("CreateEndpointConfig", {"EndpointConfigName": name, "ProductionVariants": variants})
    for content in ("a", "b"):
        deploy_one(world, request(content, endpoint="ml"))

    deploy_one(world, rollback(endpoint="ml"))

    assert serves(world, "ml") == "a"
    assert set(others) <= set(world.names["EndpointConfigs"])
    assert world.count("ListEndpointConfigs") == 0
