"""An execution's data hold 256 KiB: a plan leaves room for every later step, and every outcome is announced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import plan_deployment
from deployer.json_document import Document
from local.simulator import Settings
from local.virtual_time.connections import EntryRefusedError
from tests.machine.factories import (
    ALARM,
    CANARY,
    NOTHING,
    container,
    deploy,
    endpoint_of,
    live_revision,
    request,
    request_of,
    serves,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.virtual_time.execution import Execution
    from local.virtual_time.world import World


LIMIT = 256 * 1024
WRONG = {"Body": "{}", "Expect": {"JsonValues": {f"/\u2028{number}": '"' * 60 for number in range(90)}}}
"""A smoke test whose cause is as long as causes get: quotes and line separators take the most bytes."""


def wanted(padding: int, **more: Any) -> Document:
    """Build a request for ten variants, with much of what later steps report, and so many bytes of padding."""
    models = {f"m{number}": container(f"m{number}") for number in range(10)}
    for number, key in enumerate(models):
        size = padding // 10 + (padding % 10 > number)
        environment = {f"V{part}": "x" * min(1000, size - 1000 * part) for part in range(-(-size // 1000))}
        models[key]["PrimaryContainer"]["Environment"] = environment
    return request_of(models, DeploymentConfig=CANARY, **more)


def largest_wanted(world: World, **more: Any) -> Document:
    """Return the largest request that passes planning, to within 1,000 bytes."""
    least, most = 100_000, 200_000
    while most - least > 500:
        middle = (least + most) // 2
        execution = world.machine.start(wanted(middle, **more))
        world.machine.run(world.clock.now() + 0.001)
        is_planned = "ChooseAction" in execution.states
        world.machine.stop(execution)
        world.machine.run()
        least, most = (middle, most) if is_planned else (least, middle)
    # The plan of an update also says what the endpoint serves.
    return wanted(least - 500, **more)


def called_with(execution: Execution, function: str) -> Iterator[Document]:
    """Yield what a function was called with."""
    for event in execution.events:
        details = event.get("lambdaFunctionScheduledEventDetails", {})
        if details.get("resource", "").endswith(f":{function}"):
            yield json.loads(details["input"])


def test_largest_plan_leaves_room_for_a_deployment(world: World) -> None:
    """Create and update with the largest request that passes: every step's data fit, and the outcome is announced."""
    world.make_alarm(ALARM)
    largest = largest_wanted(world)
    outcomes = []
    for image in ("one", "two"):
        largest["Models"]["m0"]["PrimaryContainer"]["Image"] = container(image)["PrimaryContainer"]["Image"]
        world.clock.sleep(60)
        execution = world.run(largest)
        outcomes.append(execution.states[-1])
        assert execution.largest_data < LIMIT - 16 * 1024

    assert outcomes == ["Deployed", "Deployed"]
    assert world.outcomes[-2:] == ["Deployed", "Deployed"]


def test_largest_plan_leaves_room_for_a_failure_and_its_restoration(world: World) -> None:
    """The longest cause fits, too: the endpoint is restored, and the outcome is announced."""
    world.make_alarm(ALARM)
    largest = largest_wanted(world, SmokeTest=WRONG)
    world.run(wanted(0))
    first = live_revision(world)
    world.clock.sleep(60)

    execution = world.run(largest)

    assert (execution.states[-1], execution.error) == ("Failed", "SmokeTestFailedError")
    assert live_revision(world) == first
    assert execution.largest_data < LIMIT
    assert world.outcomes[-1] == "Failed"


def test_announcement_gets_names_and_no_request(make_world: Callable[..., World]) -> None:
    """AnnounceOutcome never gets the input and the data together, and of the plan only its names."""
    world = make_world(Settings(broken_models={"bad": "cannot predict"}))
    deploy(world, "a")
    world.clock.sleep(60)

    execution = world.run(request("bad", SmokeTest={"Body": "{}"}))

    (given,) = called_with(execution, "AnnounceOutcome")
    assert given.keys() == {"Plan", "Failure", "RestoreFailure", "Restore", "ChangedAt", "Execution", "Now"}
    assert given["Plan"].keys() == {
        "Action", "Approval", "RequestId", "EndpointName", "Revision", "RequestedAt", "Reason", "Warnings", "Preview",
    }  # fmt: skip


def test_rejection_gets_the_input_and_no_plan(world: World) -> None:
    """Where there is no plan, the event's id and the endpoint's name come from the input."""
    execution = world.run(request("a", Tags={"aws:x": "y"}))

    (given,) = called_with(execution, "AnnounceOutcome")
    assert given.keys() == {"Input", "Failure", "Execution", "Now"}


def test_planning_again_gets_no_input(make_world: Callable[..., World]) -> None:
    """The request stays as it was checked."""
    world = make_world(Settings())
    world.machine.start(request("a"))
    second = world.machine.start(request("b"), at=world.clock.now() + 10)

    world.machine.run()

    planned = [given.keys() for given in called_with(second, "PlanDeployment")]
    assert planned[0] == {"Input", "Execution"}
    assert len(planned) > 1
    assert all(keys == {"Plan", "Execution"} for keys in planned[1:])


def test_execution_whose_data_are_too_large_is_announced_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """States.DataLimitExceeded is caught by nothing: AnnounceFailure puts the event."""
    monkeypatch.setattr(plan_deployment, "_PLAN_BYTES", 2 * LIMIT)
    execution = world.run(wanted(257_000))

    assert execution.error == "States.DataLimitExceeded"
    assert [event["Outcome"] for event in world.bus] == ["Failed"]
    assert world.bus[0]["Error"] == "States.DataLimitExceeded"
    assert world.bus[0]["Execution"] == execution.arn
    assert world.names == NOTHING


def test_largest_input_is_rejected_and_announced_once(world: World) -> None:
    """An input of 256 KiB leaves AnnounceRejection no room for the cause: AnnounceFailure puts the event."""
    environment = {f"V{number}": "x" * 1_000 for number in range(128)}
    models = {f"m{number}": container(f"m{number}", Environment=environment) for number in range(2)}

    execution = world.run(request_of(models))

    (event,) = world.bus
    assert execution.status == "FAILED"
    assert (event["Outcome"], event["Error"]) == ("Rejected", "InvalidRequestError")
    assert "RestoreError" not in event
    assert world.names == NOTHING


def test_execution_out_of_its_own_time_is_announced_once(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine's TimeoutSeconds end it in the middle of its wait; the endpoint stays as SageMaker has it."""
    monkeypatch.setenv("DEPLOYMENT_TIMEOUT_SECONDS", "400000")
    world = make_world(Settings(create_seconds=300_000))

    execution = world.run(request("a"))

    assert execution.status == "TIMED_OUT"
    (event,) = world.bus
    assert (event["Outcome"], event["Execution"]) == ("TimedOut", execution.arn)
    assert (event["EndpointName"], event["RequestId"]) == ("churn", "execution-0")
    assert event["Revision"] == world.names["EndpointConfigs"][0]
    assert endpoint_of(world)["EndpointStatus"] == "Creating"


def test_failed_execution_that_announced_itself_is_not_announced_again(make_world: Callable[..., World]) -> None:
    """Status events of executions that failed, timed out at their deadline or were rejected add nothing."""
    world = make_world(Settings(broken_models={"bad": "cannot predict"}))
    world.run(request("bad", SmokeTest={"Body": "{}"}))
    world.run(request("a", Tags={"aws:x": "y"}))
    world.simulator.settings = Settings(create_seconds=100_000)
    world.run(request("b"))

    assert world.outcomes == ["Failed", "Rejected", "TimedOut"]
    assert world.rules.invocations["AnnounceFailure"] == 3
    assert world.rules.failures == []


@pytest.mark.parametrize("content", ["a", "bad"])
def test_refused_announcement_does_not_change_the_end(make_world: Callable[..., World], content: str) -> None:
    """The execution succeeds or fails by the endpoint's state; failures are announced later."""
    world = make_world(Settings(broken_models={"bad": "cannot predict"}))
    began = world.clock.now()

    def refuse(service: str, _operation: str, when: str) -> None:
        if (service, when) == ("events", "entry") and world.clock.now() < began + 1500:
            raise EntryRefusedError("InternalFailure")

    world.inject_fault = refuse
    execution = world.run(request(content, SmokeTest={"Body": "{}"}))

    if content == "a":
        assert execution.states[-1] == "SucceededUnannounced"
        assert serves(world) == "a"
        assert world.outcomes == []
    else:
        assert execution.states[-1] == "FailedUnannounced"
        assert execution.error == "SmokeTestFailedError"
        assert world.outcomes in (["Failed"], [])
