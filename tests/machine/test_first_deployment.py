"""From an upload to an endpoint in service that did not exist before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer import errors
from local.simulator import Fault, Settings
from tests.machine.factories import BUCKET, KEY, NOTHING, endpoint_of, live_model, loads, put_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.execution import Execution
    from local.virtual_time.world import World


MANIFEST = """
Models:
  champion: {PrimaryContainer: {Image: "111122223333.dkr.ecr.us-east-1.amazonaws.com/churn:3"}}
EndpointConfig:
  ProductionVariants:
    - {InstanceType: ml.m5.large, InitialInstanceCount: 2}
Tags: {team: growth}
"""
VISIBILITY = {"ModelNotVisibleError", "EndpointConfigNotVisibleError", "EndpointNotVisibleError"}


def assert_live(world: World, execution: Execution) -> None:
    """The endpoint is in service, and of everything there is exactly one."""
    assert (execution.status, execution.error, execution.cause) == ("SUCCEEDED", "", "")
    assert execution.states[-1] == "Deployed"
    assert [len(names) for names in world.names.values()] == [1, 1, 1]
    assert endpoint_of(world)["EndpointStatus"] == "InService"
    assert [endpoint_of(world)["EndpointConfigName"]] == world.names["EndpointConfigs"]
    assert world.outcomes == ["Deployed"]


def test_uploaded_artifact_becomes_a_live_endpoint(world: World) -> None:
    """With nothing but the artifact, the stack's defaults make one model, one config and one endpoint."""
    execution = world.upload(KEY, b"one")

    world.machine.run()

    assert_live(world, execution)
    url = live_model(world)["PrimaryContainer"]["ModelDataUrl"]
    assert url.startswith(f"s3://{BUCKET}/revisions/churn/artifacts/")
    assert url.endswith("/model.tar.gz")
    assert loads(world) == b"one"


def test_manifest_defines_the_endpoint(world: World) -> None:
    """Image, instances and tags come from the manifest, the model data from the upload."""
    put_manifest(world, MANIFEST)

    execution = world.upload(KEY)
    world.machine.run()

    assert_live(world, execution)
    endpoint = endpoint_of(world)
    assert live_model(world)["PrimaryContainer"]["Image"].endswith("churn:3")
    assert endpoint["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert world.simulator.tags(endpoint["EndpointArn"])["team"] == "growth"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("lag", [0, 1, 10, 60], ids=lambda lag: f"{lag} s")
def test_visibility_lag_is_waited_for_and_nothing_is_made_twice(
    make_world: Callable[..., World], lag: float, seed: int
) -> None:
    """The deployment succeeds with any lag, with retries only while a resource is not visible."""
    world = make_world(Settings(lag=lag), seed)
    execution = world.upload(KEY)

    world.machine.run()

    assert_live(world, execution)
    assert {error for _, error in execution.failures} <= VISIBILITY
    assert bool(execution.failures) <= (lag > 0)
    assert all(world.count(f"Create{kind}") == 1 for kind in ("Model", "EndpointConfig", "Endpoint"))


def test_stale_read_after_a_good_describe_is_retried(make_world: Callable[..., World]) -> None:
    """DescribeEndpointConfig has seen the config, and CreateEndpoint asks a replica that has not."""
    world = make_world(Settings(faults=(Fault("CreateEndpoint", "stale", times=3),)))
    execution = world.upload(KEY)

    world.machine.run()

    assert_live(world, execution)
    assert execution.failures == [("CreateEndpoint", "EndpointConfigNotVisibleError")] * 3


@pytest.mark.parametrize(
    ("operation", "state"),
    [("CreateModel", "CreateModels"), ("CreateEndpointConfig",) * 2, ("CreateEndpoint",) * 2],
    ids=lambda name: name,
)
def test_permanent_refusal_ends_the_execution_at_once(
    make_world: Callable[..., World], operation: str, state: str
) -> None:
    """It is not retried, the execution ends with its class and SageMaker's own message, and there is no endpoint."""
    message = 'ManagedInstanceScaling is not "supported" with the given EndpointConfig setup.'
    world = make_world(Settings(faults=(Fault(operation, "rejected", times=None, message=message),)))
    execution = world.upload(KEY)

    world.machine.run()

    assert execution.status == "FAILED"
    assert execution.error == "SageMakerRejectedError"
    assert execution.cause == f"{operation}: {message}"
    assert execution.failures == [(state, "SageMakerRejectedError")]
    assert world.outcomes == ["Failed"]
    assert world.names["Endpoints"] == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param(Fault("*", "throttled", times=12), "SageMakerThrottledError", id="throttled"),
        pytest.param(Fault("*", "unavailable", times=6), "SageMakerUnavailableError", id="unavailable"),
        pytest.param(Fault("*", "dropped", times=6), "SageMakerUnavailableError", id="dropped before the effect"),
        pytest.param(
            Fault("*", "dropped", "after", times=6), "SageMakerUnavailableError", id="dropped after the effect"
        ),
        pytest.param(
            Fault("CreateModel", "dropped", "after"), "SageMakerUnavailableError", id="CreateModel's answer lost"
        ),
        pytest.param(
            Fault("CreateEndpointConfig", "dropped", "after"), "SageMakerUnavailableError", id="CreateEndpointConfig's"
        ),
        pytest.param(Fault("CreateEndpoint", "dropped", "after"), "SageMakerUnavailableError", id="CreateEndpoint's"),
        pytest.param(
            Fault("CreateModel", "slow", seconds=70), "Sandbox.Timedout", id="slower than the function may be"
        ),
    ],
)
def test_transient_faults_create_no_duplicates(make_world: Callable[..., World], fault: Fault, error: str) -> None:
    """Throttling, faults and lost answers are retried; what took effect is found and not created again."""
    world = make_world(Settings(faults=(fault,)))
    execution = world.upload(KEY)

    world.machine.run()

    assert_live(world, execution)
    assert {named for _, named in execution.failures} == {error}


def test_role_that_propagates_is_waited_for(make_world: Callable[..., World]) -> None:
    """A role that SageMaker cannot assume yet is retried for a bounded time."""
    world = make_world(Settings(role_delay=20))
    execution = world.upload(KEY)

    world.machine.run()

    assert_live(world, execution)
    assert {error for _, error in execution.failures} == {"RoleNotReadyError"}


def test_role_that_never_works_fails_the_deployment(make_world: Callable[..., World]) -> None:
    """The bound is a matter of minutes, and SageMaker's words are the cause."""
    world = make_world(Settings(role_delay=1e9))
    began = world.clock.now()

    execution = world.upload(KEY)
    world.machine.run()

    assert execution.error == "RoleNotReadyError"
    assert "is invalid. Please ensure that the role exists" in execution.cause
    assert 240 <= world.clock.now() - began <= 600
    assert world.names == NOTHING


def test_failed_endpoint_is_reported_with_its_reason_and_deleted(make_world: Callable[..., World]) -> None:
    """Failed is no status to wait in; the FailureReason says why."""
    reason = "The primary container for production variant AllTraffic did not pass the ping health check."
    world = make_world(Settings(failure_reasons={"*": reason}))

    execution = world.upload(KEY)
    world.machine.run()

    assert execution.error == "EndpointFailedError"
    assert reason in execution.cause
    assert (world.bus[0]["Error"], world.bus[0]["CauseClass"]) == ("EndpointFailedError", "HealthCheck")
    assert world.names["Endpoints"] == []


def test_waiting_ends_at_the_deadline(make_world: Callable[..., World]) -> None:
    """A deployment that takes longer than the stack allows ends as timed out; the endpoint stays as it is."""
    world = make_world(Settings(create_seconds=8000))
    began = world.clock.now()

    execution = world.upload(KEY)
    world.machine.run()

    assert (execution.error, execution.states[-1]) == ("DeploymentTimedOutError", "TimedOut")
    assert world.outcomes == ["TimedOut"]
    assert [len(names) for names in world.names.values()] == [1, 1, 1]
    assert 7200 <= world.clock.now() - began <= 7260


def test_every_error_that_is_raised_is_a_deployer_error(make_world: Callable[..., World]) -> None:
    """Handlers raise the tree's leaves and nothing else, so the state machine knows every name."""
    world = make_world(Settings(lag=10, faults=(Fault("*", "throttled", times=None, probability=0.3),)), seed=3)
    execution = world.upload(KEY)

    world.machine.run()

    assert execution.failures
    assert all(issubclass(getattr(errors, error), errors.DeployerError) for _, error in execution.failures)
