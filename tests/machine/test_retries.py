"""What cannot be seen yet is retried for at least ten minutes, in every step that can meet it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from deployer.json_document import Document
from local.simulator import Fault, Settings
from local.states_language.states import DEFAULT_BACKOFF_RATE
from tests.machine.factories import REFUSES, deploy, live_revision, request, run_into, serves

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World

TEN_MINUTES = 600.0
CHANGES = {"CreateEndpoint", "UpdateEndpoint"}
NOT_VISIBLE = {
    "ModelNotVisibleError": {"CreateModels", "CreateEndpointConfig", "RestoreEndpoint"} | CHANGES,
    "EndpointConfigNotVisibleError": {
        "PlanDeployment",
        "PlanAgain",
        "ConfirmRevision",
        "CreateEndpointConfig",
        "DescribeEndpointConfig",
        "UpdateTags",
        "RecordDeployment",
        "RestoreEndpoint",
        "UpdateWeights",
    }
    | CHANGES,
    "EndpointNotVisibleError": {
        "PlanDeployment",
        "PlanAgain",
        "DescribeEndpoint",
        "SmokeTestEndpoint",
        "UpdateTags",
        "RegisterScaling",
        "RestoreEndpoint",
        "UpdateWeights",
    }
    | CHANGES,
}
"""The states that can meet each error."""


def longest(retrier: Document) -> float:
    """Return the seconds that a retrier without jitter spends in all."""
    interval, most = retrier["IntervalSeconds"], retrier["MaxDelaySeconds"]
    delays = (min(interval * DEFAULT_BACKOFF_RATE**number, most) for number in range(retrier["MaxAttempts"]))
    return float(sum(delays))


def retriers(definition: Document, error: str) -> dict[str, Document]:
    """Return the retrier of an error in each state that has one."""
    return {
        name: retrier
        for name, state in definition["States"].items()
        for retrier in state.get("Retry", [])
        if error in retrier["ErrorEquals"]
    }


@pytest.mark.parametrize(("error", "states"), NOT_VISIBLE.items(), ids=NOT_VISIBLE)
def test_visibility_error_is_retried_for_ten_minutes_where_it_can_be_met(
    world: World, error: str, states: set[str]
) -> None:
    """The retries have no jitter, so that the time is never shorter."""
    found = retriers(world.machine.definition, error)

    assert found.keys() == states
    assert all("JitterStrategy" not in retrier for retrier in found.values())
    assert all(longest(retrier) >= TEN_MINUTES for retrier in found.values())


def test_role_and_permission_errors_are_retried_for_minutes(world: World) -> None:
    """A role takes up to four minutes to propagate, tags in IAM up to five."""
    definition = world.machine.definition

    assert min(map(longest, retriers(definition, "RoleNotReadyError").values())) >= 240
    assert min(map(longest, retriers(definition, "PermissionNotReadyError").values())) >= 300


@pytest.mark.parametrize(
    "state", ["CreateEndpointConfig", "DescribeEndpointConfig", "CreateEndpoint", "DescribeEndpoint"]
)
def test_creation_survives_ten_minutes_without_seeing_a_resource(make_world: Callable[..., World], state: str) -> None:
    """The step is retried until a replica shows what the run created."""
    # The endpoint is created for longer than the lag lasts: a second change would show the replica the first one.
    usual = Settings(create_seconds=1200)
    world = make_world(replace(usual, faults=(Fault(state, "stale", times=None),)))
    began = world.clock.now()

    def end_of_lag() -> None:
        world.simulator.settings = usual

    world.clock.spawn(end_of_lag, name="end of the lag", at=began + TEN_MINUTES)
    execution = world.run(request("a"))

    assert execution.states[-1] == "Deployed"
    assert {name for name, _ in execution.failures} == {state}
    assert {error for _, error in execution.failures} <= NOT_VISIBLE.keys()
    assert len(execution.failures) > 30
    assert serves(world) == "a"


UPDATING = {
    "PlanDeployment": ("DescribeEndpointConfig", "EndpointConfigNotVisibleError"),
    "CreateEndpointConfig": ("CreateEndpointConfig", "ModelNotVisibleError"),
    "UpdateEndpoint": ("UpdateEndpoint", "EndpointConfigNotVisibleError"),
}
"""Steps of an update that may not see a config or a model yet, by the call that cannot."""


@pytest.mark.parametrize(("state", "operation", "error"), [(state, *call) for state, call in UPDATING.items()])
def test_update_survives_ten_minutes_without_seeing_a_resource(
    make_world: Callable[..., World], state: str, operation: str, error: str
) -> None:
    """The step is retried until a replica shows what was created before."""
    world = make_world(Settings())
    deploy(world, "a")
    changed = world.clock.now()
    world.simulator.settings = Settings(faults=(Fault(operation, "stale", times=None),))

    def end_of_lag() -> None:
        world.simulator.settings = Settings()

    # Planning takes the live config for deleted where no replica shows it ten minutes after the endpoint's last change.
    seconds = TEN_MINUTES - 10 if state == "PlanDeployment" else TEN_MINUTES + 60
    world.clock.spawn(end_of_lag, name="end of the lag", at=changed + seconds)
    world.clock.sleep(60)
    execution = world.run(request("b"))

    assert (execution.states[-1], execution.cause) == ("Deployed", "")
    assert execution.failures == [(state, error)] * len(execution.failures)
    assert len(execution.failures) > 25
    assert serves(world) == "b"


def test_restoration_survives_ten_minutes_without_seeing_the_config_to_go_back_to(
    make_world: Callable[..., World],
) -> None:
    """The endpoint serves what it served."""
    world = make_world(Settings())
    (first,) = deploy(world, "a")
    world.clock.sleep(60)
    hidden = Fault("DescribeEndpointConfig", "rejected", times=None, resource=first, message=missing(first))
    execution = world.machine.start(request("b", SmokeTest=REFUSES))
    run_into(world, execution, "DescribeEndpoint")
    world.simulator.settings = Settings(faults=(hidden,))
    run_into(world, execution, "RestoreEndpoint")
    began = world.clock.now()

    def end_of_lag() -> None:
        world.simulator.settings = Settings()

    world.clock.spawn(end_of_lag, name="end of the lag", at=began + TEN_MINUTES)
    world.machine.run()

    assert execution.error == "SmokeTestFailedError"
    assert len(execution.failures) > 30
    assert "RestoreError" not in world.bus[-1]
    assert live_revision(world) == first


def missing(config: str) -> str:
    """Say in SageMaker's words that a config cannot be found."""
    arn = f"arn:aws:sagemaker:us-east-1:111122223333:endpoint-config/{config}"
    return f'Could not find endpoint configuration "{arn}".'
