"""The world around executions: events that wake them, sweeps, faults of services, and the bytes endpoints serve."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectionClosedError

from deployer import runtime
from deployer.json_document import Document
from local.simulator import EventDelivery, Settings
from local.virtual_time.world import BUCKET
from tests.machine.factories import ALARM, CANARY, deploy, request, serves

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World

IN_SERVICE = "IN_SERVICE"


def waited(world: World) -> float:
    """Return for how many seconds the deployment took longer than the endpoint needed."""
    return float(world.bus[-1]["DurationSeconds"]) - world.simulator.settings.create_seconds


def test_an_event_wakes_the_execution(make_world: Callable[..., World]) -> None:
    """It goes on when the event arrives, with one further look."""
    world = make_world(Settings(events=EventDelivery(seconds=(2.0, 2.0))))

    execution = world.run(request("a"))

    looks = [call for call in world.simulator.calls if call.operation == "DescribeEndpoint" and call.outcome == "ok"]
    assert execution.states[-1] == "Deployed"
    assert 3 <= waited(world) < 4  # a second before the config is looked at, and two until the event
    assert len(looks) == 2


@pytest.mark.parametrize("is_lost_by", ["simulator", "world"])
def test_a_lost_event_costs_time_only(make_world: Callable[..., World], is_lost_by: str) -> None:
    """The wait for it ends in a look."""
    lost = Settings(events=EventDelivery(lost=1.0)) if is_lost_by == "simulator" else Settings()
    world = make_world(lost)
    if is_lost_by == "world":
        world.arrivals = lambda _: ()

    execution = world.run(request("a"))

    assert execution.states[-1] == "Deployed"
    assert "LookLessOften" in execution.states
    assert execution.failures == []


@pytest.mark.parametrize("arrivals", [(0, 0), (0, 5), (0, 0.0, 30, 300)])
def test_an_event_that_is_doubled_changes_nothing(world: World, arrivals: tuple[float, ...]) -> None:
    """Late copies find nobody who waits."""
    world.arrivals = lambda _: arrivals

    execution = world.run(request("a"))

    assert execution.states[-1] == "Deployed"
    assert execution.failures == []
    assert world.rules.failures == []
    assert waited(world) < 10


def test_a_function_that_fails_on_an_event_tries_again(world: World) -> None:
    """Twice, after one and after two minutes, as Lambda does with asynchronous invocations."""
    attempts: list[float] = []

    def fail(service: str, operation: str, when: str) -> None:
        if (service, operation, when) == ("stepfunctions", "GetExecutionHistory", "before"):
            attempts.append(world.clock.now())
            raise ConnectionClosedError(endpoint_url="https://states.amazonaws.com")

    world.inject_fault = fail
    world.arrivals = lambda event: (0,) if event["detail"].get("EndpointStatus") == IN_SERVICE else ()

    execution = world.run(request("a"))

    pauses = [round(later - earlier) for earlier, later in pairwise(attempts)]
    assert execution.states[-1] == "Deployed"
    assert pauses[:2] == [60, 120]
    assert [(name, error.error) for name, error in world.rules.failures] == [
        ("WakeExecution", "StepFunctionsUnavailableError")
    ]


def test_executions_that_cannot_announce_themselves_are_announced(world: World) -> None:
    """The rule for executions that fail invokes AnnounceFailure: here an event bus that takes nothing for long."""
    is_down = [True]

    def refuse(service: str, _operation: str, when: str) -> None:
        if is_down and (service, when) == ("events", "before"):
            raise ConnectionClosedError(endpoint_url="https://events.amazonaws.com")

    world.inject_fault = refuse
    world.arrivals = lambda event: (7200,) if event["source"] == "aws.states" else (0,)
    execution = world.machine.start({"EndpointName": "ch urn"})
    world.clock.spawn(is_down.clear, name="up", at=world.clock.now() + 7000)

    world.machine.run()

    assert execution.status == "FAILED"
    assert world.outcomes == ["Rejected"]


def test_a_sweep_runs_by_itself(world: World) -> None:
    """It has a machine of its own, and its event does not count as an outcome."""
    sweep = world.sweep(DryRun=True)

    assert (sweep.status, sweep.states[-1]) == ("SUCCEEDED", "Swept")
    assert len(world.sweeps) == 1
    assert world.outcomes == []


def test_an_upload_is_served_byte_for_byte(world: World) -> None:
    """The loaded data of an endpoint's instances can be read."""
    execution = world.upload("models/churn/model.tar.gz", b"tested")
    world.machine.run()

    client: Any = runtime.client("sagemaker-runtime")
    answer = client.invoke_endpoint(EndpointName="churn", Body=b"{}")["Body"].read()

    assert execution.states[-1] == "Deployed"
    assert world.simulator.loaded("churn") == {"AllTraffic": [hashlib.sha256(b"tested").hexdigest()]}
    assert b'"Content": "tested"' in answer


def test_a_model_without_its_data_is_refused(world: World) -> None:
    """CreateModel looks for them, in the service's words."""
    with pytest.raises(Exception, match="Could not find model data at s3://artifacts/missing"):
        world.simulator.call(
            "CreateModel",
            {
                "ModelName": "m",
                "PrimaryContainer": {"Image": "i", "ModelDataUrl": "s3://artifacts/missing"},
                "ExecutionRoleArn": "arn:aws:iam::111122223333:role/r",
            },
        )


@pytest.mark.parametrize("when", ["before", "after"])
def test_requests_and_answers_of_s3_are_lost(world: World, when: str) -> None:
    """A write whose answer is lost has taken effect."""

    def lose(service: str, operation: str, at: str) -> None:
        if (service, operation, at) == ("s3", "PutObject", when):
            raise ConnectionClosedError(endpoint_url="https://s3.amazonaws.com")

    world.inject_fault = lose

    client: Any = runtime.client("s3")
    with pytest.raises(ConnectionClosedError):
        client.put_object(Bucket=BUCKET, Key="k", Body=b"x")

    listed = world.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    assert len(listed) == (when == "after")


def test_a_run_ends_with_its_executions(make_world: Callable[..., World]) -> None:
    """Endpoints that still change keep no run from ending; the next one goes on with them."""
    world = make_world(Settings(create_seconds=100_000.0))
    began = world.clock.now()

    execution = world.run(request("a"))

    assert execution.states[-1] == "TimedOut"
    assert world.clock.now() - began < 10_000
    assert serves(world) == ""
    world.machine.run(until=began + 100_100)
    assert serves(world) == "a"


def test_an_alarm_rolls_back_at_once(world: World) -> None:
    """No call has to be made for it."""
    statuses: list[Any] = []

    def arrivals(event: Document) -> tuple[float, ...]:
        statuses.append(event["detail"].get("EndpointStatus"))
        return (0,)

    world.arrivals = arrivals
    deploy(world, "a")
    world.make_alarm(ALARM)
    execution = world.machine.start(request("b", DeploymentConfig=CANARY))
    world.machine.run(until=world.clock.now() + world.simulator.settings.update_seconds + 30)

    world.make_alarm(ALARM, "ALARM")
    rolling_back = world.simulator.resources()["Endpoints"]["churn"]["EndpointStatus"]
    world.machine.run()

    assert rolling_back == "RollingBack"
    assert execution.states[-1] == "Failed"
    assert "ROLLING_BACK" in statuses
    assert serves(world) == "a"
