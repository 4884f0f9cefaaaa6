"""How endpoints differ from what was deployed is reported after each sweep."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.machine.drifts import kinds, own_config, sagemaker
from tests.machine.factories import (
    ANSWERS,
    BUCKET,
    DAY,
    HOUR,
    KEY,
    MANIFEST_KEY,
    copies,
    deploy,
    deploy_one,
    request,
    rollback,
    run_into,
    upload,
)
from tests.machine.weight_samples import split

if TYPE_CHECKING:
    from local.virtual_time.world import World


def attach(world: World, config: str) -> None:
    """Change the endpoint to a config by hand."""
    sagemaker(world, "UpdateEndpoint", EndpointName="churn", EndpointConfigName=config)


def test_endpoint_as_deployed_has_no_drift(world: World) -> None:
    """There is none after updates, a rollback, a confirmation and an upload."""
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


@pytest.mark.parametrize("deleted", [0, 1], ids=["the endpoint's own", "the one whose weights it has"])
def test_deleted_config_is_reported_after_a_change_of_weights(world: World, deleted: int) -> None:
    """SageMaker cannot update an endpoint without its own; what to do is said before anything is created."""
    name = [deploy_one(world, split(9, 1)), deploy_one(world, split(5, 5))][deleted]
    sagemaker(world, "DeleteEndpointConfig", EndpointConfigName=name)

    reported = kinds(world)
    execution = world.run(split(7, 3))

    assert reported == ["ConfigDeleted"]
    assert name in world.drift[-1]["Message"]
    assert execution.error == "LiveConfigMissingError"
    assert name in execution.cause


def test_deleted_copy_of_an_artifact_is_reported(world: World) -> None:
    """The next instance of the endpoint would not start."""
    upload(world, b"one")
    (key,) = copies(world)
    world.s3.delete_object(Bucket=BUCKET, Key=key)

    assert kinds(world) == ["StoredDataDeleted"]
    assert key in world.drift[-1]["Message"]


def test_upload_whose_event_was_lost_is_reported_after_the_deployment_timeout(world: World) -> None:
    """Before the timeout, its execution may wait for another one."""
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


def test_endpoint_without_invocations_is_reported_if_the_stack_asks_for_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is reported once the days are over; one invocation within them prevents that."""
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
