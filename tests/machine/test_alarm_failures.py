"""CloudWatch fails while alarms are made, looked at and deleted: an update is never begun without its alarms."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from local.simulator.errors import FunctionKilledError
from tests.machine.alarm_scenarios import BOTH, ERRORS, alarms, named
from tests.machine.factories import DAY, HOUR, deploy, request, serves

if TYPE_CHECKING:
    from local.virtual_time.world import World

THROTTLED = ClientError({"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, "PutMetricAlarm")
REFUSED = ClientError({"Error": {"Code": "ValidationError", "Message": "Period must be 10"}}, "PutMetricAlarm")
FULL = ClientError({"Error": {"Code": "LimitExceeded", "Message": "5000 alarms"}}, "PutMetricAlarm")


KILLED = FunctionKilledError()


def fail(world: World, operation: str, error: BaseException, *, times: int = 10**6, when: str = "before") -> None:
    """Let calls of CloudWatch fail, before or after they take effect."""
    counts: Counter[str] = Counter()

    def inject(service: str, called: str, moment: str) -> None:
        if (service, called, moment) == ("cloudwatch", operation, when):
            counts[called] += 1
            if counts[called] <= times:
                raise error

    world.inject_fault = inject


FAULTS = pytest.mark.parametrize(
    ("error", "times"), [pytest.param(THROTTLED, 5, id="throttled"), pytest.param(KILLED, 2, id="function killed")]
)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", ["PutMetricAlarm", "DescribeAlarms"])
@FAULTS
def test_cloudwatch_that_fails_for_a_while_only_delays(
    world: World, operation: str, error: BaseException, times: int, when: str
) -> None:
    deploy(world, "a", **BOTH)
    fail(world, operation, error, times=times, when=when)

    deploy(world, "b", **BOTH)

    assert [sorted(names) for names in named(world)] == [sorted(alarms(world))]
    assert len(alarms(world)) == 2


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", ["DeleteAlarms", "DescribeAlarms"])
@FAULTS
def test_sweep_goes_on_after_failures_of_cloudwatch(
    world: World, operation: str, error: BaseException, times: int, when: str
) -> None:
    deploy(world, "a", "b", **BOTH)
    world.simulator.call("DeleteEndpoint", {"EndpointName": "churn"})
    world.clock.sleep(DAY + HOUR)
    fail(world, operation, error, times=times, when=when)

    ended = [world.sweep().states[-1] for _ in range(2)]

    assert ended == ["Swept", "Swept"]
    assert alarms(world) == []


@pytest.mark.parametrize(
    ("error", "name"),
    [
        pytest.param(THROTTLED, "MonitoringUnavailableError", id="throttled for too long"),
        pytest.param(REFUSED, "AlarmRejectedError", id="refused"),
        pytest.param(FULL, "QuotaExceededError", id="no more alarms"),
    ],
)
def test_update_is_not_begun_without_its_alarms(world: World, error: ClientError, name: str) -> None:
    deploy(world, "a", **ERRORS)
    fail(world, "PutMetricAlarm", error)

    world.clock.sleep(60)
    execution = world.run(request("b", **ERRORS))

    assert (execution.states[-1], execution.error) == ("Failed", name)
    assert named(world) == []
    assert serves(world) == "a"
