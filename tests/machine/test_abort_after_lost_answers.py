"""An update whose answer was lost can be aborted, though replicas do not show it yet and its call is repeated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from local.simulator import Fault, Settings
from local.simulator.errors import FunctionKilledError
from tests.machine.factories import ALARM, CANARY, deploy, request, serves

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World

ABORT_ALARM = "test/abort/churn"
LAG = Settings(lag=200, least_lag=200)


@pytest.fixture
def world(make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> World:
    """An endpoint in service; every replica lags 200 s, and the answer to the next update is lost."""
    monkeypatch.setenv("ABORT_ALARMS", "all")
    made = make_world(LAG)
    made.make_alarm(ALARM)
    deploy(made, "a")
    made.clock.sleep(1200)
    made.simulator.settings = replace(LAG, faults=(Fault("UpdateEndpoint", "dropped", when="after"),))
    return made


def state(world: World) -> str:
    """Return the state of the abort alarm; nothing if there is none."""
    found = world.cloudwatch.describe_alarms(AlarmNames=[ABORT_ALARM])["MetricAlarms"]
    return str(found[0]["StateValue"]) if found else ""


def begin_update(world: World) -> float:
    """Start an update with guardrails, and let time pass until SageMaker has begun it; return when."""
    execution = world.machine.start(request("b", DeploymentConfig=CANARY))
    while world.count("UpdateEndpoint") == 0 and not _is_updating(world):
        assert execution.status == "RUNNING"
        world.machine.run(world.clock.now() + 1)
    return world.clock.now()


def _is_updating(world: World) -> bool:
    return bool(world.simulator.resources()["Endpoints"]["churn"]["EndpointStatus"] == "Updating")


@pytest.mark.parametrize("seconds", [5, 30, 150])
def test_abort_stays_while_the_call_is_repeated(world: World, seconds: int) -> None:
    """SageMaker looks at the alarm later: the repetitions, which see the endpoint as it was planned, leave it on."""
    began = begin_update(world)
    world.machine.run(began + seconds)

    world.make_alarm(ABORT_ALARM, "ALARM")
    world.machine.run()

    assert state(world) == "ALARM"
    assert serves(world) == "a"
    assert (world.bus[-1]["Error"], world.bus[-1]["CauseClass"]) == ("UpdateRolledBackError", "Aborted")


def test_alarm_that_was_on_before_does_not_end_an_update_that_is_repeated(world: World) -> None:
    """It is from an earlier abort, and the first call did not come as far as to bring it to OK."""
    world.make_alarm(ABORT_ALARM, "ALARM")
    world.clock.sleep(60)
    failed: list[tuple[str, ...]] = [("cloudwatch", "SetAlarmState", "before")]
    world.inject_fault = lambda *call: _kill(failed, call)

    execution = world.run(request("b", DeploymentConfig=CANARY))

    assert failed == []
    assert (execution.states[-1], serves(world)) == ("Deployed", "b")
    assert state(world) == "OK"


def _kill(failed: list[tuple[str, ...]], call: tuple[str, ...]) -> None:
    """Let the process of the function die in the first of these calls."""
    if call in failed:
        failed.remove(call)
        raise FunctionKilledError
