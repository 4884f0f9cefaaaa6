"""How endpoints differ from what was deployed is reported after each sweep, and never because of a deployment."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from local.simulator import Fault, Settings
from tests.machine.factories import (
    ANSWERS,
    BUCKET,
    DAY,
    HOUR,
    KEY,
    MANIFEST_KEY,
    copies,
    deploy,
    request,
    rollback,
    run_into,
    upload,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World


def sagemaker(world: World, operation: str, **parameters: Any) -> dict[str, Any]:
    """Call SageMaker as somebody other than the deployer."""
    answer: dict[str, Any] = world.simulator.call(operation, parameters)
    return answer


def kinds(world: World, seconds: float = HOUR) -> list[str]:
    """Sweep after a while; return the kinds of drift that are reported."""
    world.clock.sleep(seconds)
    reported = len(world.drift)
    execution = world.sweep()
    assert execution.states[-1] == "Swept", execution.cause
    return [event["Kind"] for event in world.drift[reported:]]


def attach(world: World, config: str) -> None:
    """Change the endpoint to a config by hand."""
    sagemaker(world, "UpdateEndpoint", EndpointName="churn", EndpointConfigName=config)


def own_config(world: World, revision: str) -> str:
    """Create a config by hand with the variants of a revision; return its name."""
    variants = world.simulator.resources()["EndpointConfigs"][revision]["ProductionVariants"]
    sagemaker(world, "CreateEndpointConfig", EndpointConfigName="by-hand", ProductionVariants=variants)
    return "by-hand"


def test_endpoint_as_deployed_has_no_drift(world: World) -> None:
    """After updates, a rollback, a confirmation and an upload."""
    upload(world, b"one")
    deploy(world, "a", "b")
    world.run(rollback())
    world.run(request("a"))

    assert kinds(world) == []
    assert kinds(world, DAY) == []


def test_deleted_endpoint_is_reported_until_its_revisions_are_swept(world: World) -> None:
    """Each sweep reports it again; the event names what was deployed."""
    (revision,) = deploy(world, "a")
    sagemaker(world, "DeleteEndpoint", EndpointName="churn")

    assert kinds(world) == ["EndpointDeleted"]
    assert kinds(world) == ["EndpointDeleted"]

    assert world.drift[-1]["Deployed"] == revision
    assert kinds(world, DAY) == []


@pytest.mark.parametrize("status", ["Failed", "OutOfService", "UpdateRollbackFailed"])
def test_endpoint_that_does_not_serve_is_reported(world: World, status: str) -> None:
    deploy(world, "a")
    world.simulator.set_status("churn", status, "no capacity")

    assert kinds(world) == ["EndpointFailed"]
    assert "no capacity" in world.drift[-1]["Message"]


def test_endpoint_on_a_config_made_by_hand_is_reported(world: World) -> None:
    (revision,) = deploy(world, "a")
    attach(world, own_config(world, revision))

    assert kinds(world) == ["ConfigReplaced"]
    assert (world.drift[-1]["Attached"], world.drift[-1]["Deployed"]) == ("by-hand", revision)


def test_endpoint_on_an_earlier_revision_is_reported(world: World) -> None:
    """A redelivered event of the newer one would bring that back."""
    first, _ = deploy(world, "a", "b")
    attach(world, first)

    assert kinds(world) == ["ConfigReplaced"]


def test_revision_of_a_stopped_run_is_reported(world: World) -> None:
    """The endpoint serves what nobody has tested."""
    deploy(world, "a")
    execution = world.machine.start(request("b", SmokeTest=ANSWERS))
    run_into(world, execution, "DescribeEndpoint")
    world.machine.stop(execution)

    assert kinds(world) == ["ConfigReplaced"]
    assert "pending" in world.drift[-1]["Message"]


def test_deleted_config_and_model_are_reported(world: World) -> None:
    (revision,) = deploy(world, "a")
    (model,) = world.names["Models"]
    sagemaker(world, "DeleteModel", ModelName=model)

    assert kinds(world) == ["ModelDeleted"]

    sagemaker(world, "DeleteEndpointConfig", EndpointConfigName=revision)
    assert kinds(world) == ["ConfigDeleted"]


def test_deleted_copy_of_an_artifact_is_reported(world: World) -> None:
    """The next instance of the endpoint would not start."""
    upload(world, b"one")
    (key,) = copies(world)
    world.s3.delete_object(Bucket=BUCKET, Key=key)

    assert kinds(world) == ["StoredDataDeleted"]
    assert key in world.drift[-1]["Message"]


def test_upload_whose_event_was_lost_is_reported_after_the_deployment_timeout(world: World) -> None:
    """Until then, its execution may wait for another one."""
    upload(world, b"one")
    world.clock.sleep(HOUR)
    world.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"two")

    assert kinds(world) == []
    assert kinds(world, 2 * HOUR) == ["UploadNotDeployed"]

    upload(world, b"three")
    assert kinds(world, 3 * HOUR) == []


def test_upload_that_changes_nothing_is_not_reported(world: World) -> None:
    """The manifest gives the container no data, so the upload's execution confirms what is live."""
    manifest = b"Models: {m: {PrimaryContainer: {ModelDataUrl: null}}}"
    world.upload(MANIFEST_KEY, manifest)
    world.machine.run()
    world.clock.sleep(HOUR)
    upload(world, b"one")

    assert world.outcomes == ["Deployed", "NothingToDo"]
    assert kinds(world, 3 * HOUR) == []


def test_endpoint_that_nobody_invokes_is_reported_if_the_stack_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as the days are over; one invocation within them is enough."""
    monkeypatch.setenv("IDLE_ENDPOINT_DAYS", "7")
    deploy(world, "a")

    assert kinds(world, 6 * DAY) == []
    assert kinds(world, 2 * DAY) == ["NotInvoked"]

    world.cloudwatch.put_metric_data(
        Namespace="AWS/SageMaker",
        MetricData=[
            {
                "MetricName": "Invocations",
                "Dimensions": [
                    {"Name": "EndpointName", "Value": "churn"},
                    {"Name": "VariantName", "Value": "AllTraffic"},
                ],
                "Timestamp": datetime.fromtimestamp(world.clock.now(), UTC),
                "Value": 1.0,
            }
        ],
    )
    assert kinds(world, DAY) == []


def test_endpoint_that_this_stack_has_not_deployed_to_is_not_compared(world: World) -> None:
    """Neither another one, nor one that was there before a deployment that failed."""
    (revision,) = deploy(world, "a", endpoint="other")
    by_hand = own_config(world, revision)
    tags = [{"Key": "endpoint-deployer:stack", "Value": "test"}]  # without it, the request would be rejected
    sagemaker(world, "CreateEndpoint", EndpointName="churn", EndpointConfigName=by_hand, Tags=tags)
    world.clock.sleep(HOUR)
    failed = world.run(request("b", SmokeTest={"Body": "{}", "Expect": {"Contains": "nothing"}}))

    assert failed.states[-1] == "Failed"
    assert kinds(world) == []


def test_config_without_the_stacks_tag_is_not_reported(world: World) -> None:
    """To keep a config for good, people take its tag off."""
    _, revision = deploy(world, "a", "b")
    arn = world.simulator.resources()["EndpointConfigs"][revision]["EndpointConfigArn"]
    tags = ["endpoint-deployer:stack", "endpoint-deployer:state"]
    sagemaker(world, "DeleteTags", ResourceArn=arn, TagKeys=tags)

    assert kinds(world) == []


@pytest.mark.parametrize("seconds", range(0, 900, 60), ids=lambda seconds: f"{seconds}s")
def test_deployment_under_way_is_no_drift(make_world: Callable[..., World], seconds: float) -> None:
    """At any moment of an update with a smoke test that fails, and with replicas that lag."""
    world = make_world(Settings(lag=60.0, update_seconds=240.0, broken_models={"/bad:": "cannot predict"}))
    deploy(world, "a")
    world.machine.start(request("bad", SmokeTest=ANSWERS))

    assert kinds(world, seconds) == []


@pytest.mark.parametrize("operation", ["DescribeEndpoint", "DescribeEndpointConfig", "ListTags", "DescribeModel"])
def test_what_could_not_be_looked_up_is_reported_by_the_next_try(
    make_world: Callable[..., World], operation: str
) -> None:
    """SageMaker fails a few times; nothing is reported that is not so."""
    world = make_world()
    deploy(world, "a")
    deploy(world, "b", endpoint="fraud")
    sagemaker(world, "DeleteEndpoint", EndpointName="churn")
    world.simulator.settings = Settings(faults=(Fault(operation, "unavailable", times=3),))

    assert set(kinds(world)) == {"EndpointDeleted"}


def test_endpoint_that_may_not_be_looked_at_does_not_keep_others_from_it(make_world: Callable[..., World]) -> None:
    world = make_world()
    deploy(world, "a")
    deploy(world, "b", endpoint="fraud")
    sagemaker(world, "DeleteEndpoint", EndpointName="fraud")
    world.clock.sleep(HOUR)
    denied = Fault("DescribeEndpoint", "rejected", times=1, code="AccessDeniedException", message="no")

    def deny() -> None:
        world.simulator.settings = Settings(faults=(denied,))

    world.clock.spawn(deny, name="deny", at=world.clock.now() + 2.0)

    assert kinds(world, 1.0) == ["EndpointDeleted"]


def test_sweep_that_failed_still_compares(make_world: Callable[..., World]) -> None:
    """And is a failure all the same."""
    world = make_world()
    deploy(world, "a")
    sagemaker(world, "DeleteEndpoint", EndpointName="churn")
    world.clock.sleep(HOUR)
    denied = Fault("ListEndpoints", "rejected", times=None, code="AccessDeniedException", message="no")
    world.simulator.settings = Settings(faults=(denied,))

    execution = world.sweep()

    assert (execution.states[-1], execution.error) == ("SweepFailed", "AccessDeniedError")
    assert [event["Kind"] for event in world.drift] == ["EndpointDeleted"]


def test_many_endpoints_take_several_runs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each goes on where the one before stopped, and none is reported twice."""
    for name in "abc":
        deploy(world, "a", endpoint=name)
        sagemaker(world, "DeleteEndpoint", EndpointName=name)
    monkeypatch.setattr("detect_drift._PAUSE_SECONDS", 400.0)

    assert kinds(world) == ["EndpointDeleted"] * 3
    assert [event["EndpointName"] for event in world.drift] == ["a", "b", "c"]
    assert json.loads(world.sweeper.executions[-1].record["output"])["Drift"]["Found"] == {
        name: ["EndpointDeleted"] for name in "abc"
    }
