"""From an upload to a live endpoint that did not exist before."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from deployer import errors
from local.simulator import Fault, Settings

KEY = "models/churn/model.tar.gz"
MANIFEST_KEY = "models/churn/deployment.yaml"
MANIFEST = b"""
Models:
  champion: {PrimaryContainer: {Image: "111122223333.dkr.ecr.us-east-1.amazonaws.com/churn:3"}}
EndpointConfig:
  ProductionVariants:
    - {InstanceType: ml.m5.large, InitialInstanceCount: 2}
Tags: {team: growth}
"""
NOTHING: dict[str, list[str]] = {"Models": [], "EndpointConfigs": [], "Endpoints": []}
VISIBILITY = {"ModelNotVisibleError", "EndpointConfigNotVisibleError", "EndpointNotVisibleError"}


def assert_live(world: Any, execution: Any) -> None:
    """The endpoint is in service, and of everything there is exactly one."""
    assert (execution.status, execution.error, execution.cause) == ("SUCCEEDED", "", "")
    assert execution.states[-1] == "Deployed"
    assert [len(names) for names in world.names.values()] == [1, 1, 1]
    endpoint = world.simulator.resources()["Endpoints"]["churn"]
    assert endpoint["EndpointStatus"] == "InService"
    assert [endpoint["EndpointConfigName"]] == world.names["EndpointConfigs"]
    assert world.outcomes == ["Deployed"]


def test_an_uploaded_artifact_becomes_a_live_endpoint(world: Any) -> None:
    """With nothing but the artifact, the stack's defaults make one model, one config and one endpoint."""
    execution = world.upload(KEY)

    world.machine.run()

    assert_live(world, execution)
    (model,) = world.simulator.resources()["Models"].values()
    assert model["PrimaryContainer"]["ModelDataUrl"] == "s3://artifacts/models/churn/model.tar.gz"


def test_a_manifest_says_what_the_endpoint_is(world: Any) -> None:
    """Image, instances and tags come from the manifest, the model data from the upload."""
    world.s3.put_object(Bucket="artifacts", Key=MANIFEST_KEY, Body=MANIFEST)

    execution = world.upload(KEY)
    world.machine.run()

    assert_live(world, execution)
    (model,) = world.simulator.resources()["Models"].values()
    endpoint = world.simulator.resources()["Endpoints"]["churn"]
    assert model["PrimaryContainer"]["Image"].endswith("churn:3")
    assert endpoint["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert world.simulator.tags(endpoint["EndpointArn"])["team"] == "growth"


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("lag", [0, 1, 10, 60], ids=lambda lag: f"{lag} s")
def test_lag_is_waited_for_and_nothing_is_made_twice(make_world: Any, lag: float, seed: int) -> None:
    """However far replicas lag, the deployment succeeds, with retries only while a thing is not visible."""
    world = make_world(Settings(lag=lag), seed)
    execution = world.upload(KEY)

    world.machine.run()

    assert_live(world, execution)
    assert {error for _, error in execution.failures} <= VISIBILITY
    assert bool(execution.failures) <= (lag > 0)
    assert all(world.count(f"Create{kind}") == 1 for kind in ("Model", "EndpointConfig", "Endpoint"))


def test_a_stale_read_after_a_good_describe_is_survived(make_world: Any) -> None:
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
def test_a_permanent_refusal_ends_the_execution_at_once(make_world: Any, operation: str, state: str) -> None:
    """It is not tried again once, and the execution ends with its class and SageMaker's own message."""
    message = 'ManagedInstanceScaling is not "supported" with the given EndpointConfig setup.'
    world = make_world(Settings(faults=(Fault(operation, "rejected", times=None, message=message),)))
    execution = world.upload(KEY)

    world.machine.run()

    assert execution.status == "FAILED"
    assert execution.error == "SageMakerRejectedError"
    assert execution.cause == f"{operation}: {message}"
    assert execution.failures == [(state, "SageMakerRejectedError")]
    assert world.outcomes == ["Failed"]
    assert world.names == NOTHING


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
def test_what_passes_is_survived_without_a_second_of_anything(make_world: Any, fault: Fault, error: str) -> None:
    """Throttling, faults and lost answers are retried; what took effect is found and not made again."""
    world = make_world(Settings(faults=(fault,)))
    execution = world.upload(KEY)

    world.machine.run()

    assert_live(world, execution)
    assert {named for _, named in execution.failures} == {error}


def test_a_role_that_propagates_is_waited_for(make_world: Any) -> None:
    """A role that SageMaker cannot assume yet is retried for a bounded time."""
    world = make_world(Settings(role_delay=20))
    execution = world.upload(KEY)

    world.machine.run()

    assert_live(world, execution)
    assert {error for _, error in execution.failures} == {"RoleNotReadyError"}


def test_a_role_that_never_works_fails_the_deployment(make_world: Any) -> None:
    """The bound is a matter of minutes, and SageMaker's words are the cause."""
    world = make_world(Settings(role_delay=1e9))

    execution = world.upload(KEY)
    world.machine.run()

    assert execution.error == "RoleNotReadyError"
    assert "is invalid. Please ensure that the role exists" in execution.cause
    assert world.names == NOTHING


def test_an_endpoint_that_fails_is_told_with_its_reason(make_world: Any) -> None:
    """Failed is no status to wait in; the FailureReason says why."""
    reason = "The primary container for production variant AllTraffic did not pass the ping health check."
    world = make_world(Settings(failure_reasons={"*": reason}))

    execution = world.upload(KEY)
    world.machine.run()

    assert execution.error == "EndpointFailedError"
    assert reason in execution.cause
    assert world.bus[0]["Error"] == "EndpointFailedError"
    assert world.names == NOTHING


def test_waiting_ends_at_the_deadline(make_world: Any) -> None:
    """A deployment that takes longer than the stack allows ends as timed out; the endpoint stays as it is."""
    world = make_world(Settings(create_seconds=8000))

    execution = world.upload(KEY)
    world.machine.run()

    assert (execution.error, execution.states[-1]) == ("DeploymentTimedOutError", "TimedOut")
    assert world.outcomes == ["TimedOut"]
    assert [len(names) for names in world.names.values()] == [1, 1, 1]
    assert set(world.bus[0]["Left"]) == {*world.names["EndpointConfigs"], *world.names["Models"]}


BAD_MANIFESTS = {
    "no YAML": (b"a: [1, 2\nb: 3", "deployment.yaml, line 2"),
    "an unknown field": (b"EndpointCfg: {}", "EndpointCfg: is no field of a request; did you mean 'EndpointConfig'?"),
    "a wrong type": (
        b"EndpointConfig: {ProductionVariants: [{InstanceType: ml.m5.large, InitialInstanceCount: two}]}",
        "EndpointConfig.ProductionVariants[0].InitialInstanceCount: must be a whole number",
    ),
    "another name than the folder's": (b"EndpointName: other", "EndpointName: 'other' contradicts"),
    "an instance type that does not exist": (
        b"EndpointConfig: {ProductionVariants: [{InstanceType: ml.m5.lrge, InitialInstanceCount: 1}]}",
        "EndpointConfig.ProductionVariants[0].InstanceType: 'ml.m5.lrge'",
    ),
    "data that are not there": (
        b"Models: {m: {PrimaryContainer: {ModelDataUrl: s3://artifacts/models/none.tar.gz}}}",
        "Models.m.PrimaryContainer.ModelDataUrl: s3://artifacts/models/none.tar.gz is not there",
    ),
    "a model that does not exist": (
        (
            b"EndpointConfig:\n  ProductionVariants:\n"
            b"    - {ModelName: gone, InstanceType: ml.m5.large, InitialInstanceCount: 1}"
        ),
        "EndpointConfig.ProductionVariants[0].ModelName: 'gone'",
    ),
}


@pytest.mark.parametrize(("manifest", "named"), BAD_MANIFESTS.values(), ids=BAD_MANIFESTS)
def test_bad_input_is_rejected_by_its_field_before_anything_is_made(world: Any, manifest: bytes, named: str) -> None:
    """The execution ends as rejected, its cause names the field, and nothing was created."""
    world.s3.put_object(Bucket="artifacts", Key=MANIFEST_KEY, Body=manifest)

    execution = world.upload(KEY)
    world.machine.run()

    assert (execution.error, execution.states[-1]) == ("InvalidRequestError", "Rejected")
    assert named in execution.cause
    assert world.names == NOTHING
    assert Counter(world.outcomes) == {"Rejected": 1}


@pytest.mark.parametrize("name", ["-churn", "ch_urn", "ch urn", "x" * 64])
def test_an_impossible_name_is_rejected(world: Any, name: str) -> None:
    """A folder whose name cannot be an endpoint's is told so."""
    execution = world.upload(f"models/{name}/model.tar.gz")

    world.machine.run()

    assert execution.error == "InvalidRequestError"
    assert execution.cause.startswith("EndpointName: ")


def test_an_artifact_that_was_deleted_is_rejected(world: Any) -> None:
    """An event of an object that is gone makes nothing."""
    execution = world.machine.start(world.object_created(KEY, "v1", "etag"))

    world.machine.run()

    assert execution.error == "InvalidRequestError"
    assert "is not there any more" in execution.cause


def test_every_error_that_is_raised_is_one_of_ours(make_world: Any) -> None:
    """Handlers raise the tree's leaves and nothing else, so the state machine knows every name."""
    world = make_world(Settings(lag=10, faults=(Fault("*", "throttled", times=None, probability=0.3),)), seed=3)
    execution = world.upload(KEY)

    world.machine.run()

    assert execution.failures
    assert all(issubclass(getattr(errors, error), errors.DeployerError) for _, error in execution.failures)
