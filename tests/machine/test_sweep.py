"""What nothing has used for a day is swept away, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deployer.json_document import Document
from local.simulator import Fault, Settings
from tests.machine.factories import (
    DAY,
    HOUR,
    copies,
    deploy,
    live_revision,
    loads,
    put_manifest,
    request,
    rollback,
    serves,
    stored,
    upload,
)
from tests.machine.sweeps import sagemaker

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World


def sweep_later(world: World, seconds: float = DAY + 1, **options: Any) -> Document:
    """Sweep after a while; return the detail of the event."""
    world.clock.sleep(seconds)
    execution = world.sweep(**options)
    assert execution.states[-1] == "Swept", execution.cause
    event: Document = world.sweeps[-1]
    return event


def revision_folders(world: World, endpoint: str = "churn") -> set[str]:
    """Return the revisions of which requests are stored."""
    keys = stored(world, f"revisions/{endpoint}/")
    return {key.split("/")[2] for key in keys if key.endswith("/request.json")}


def test_newest_three_deployed_revisions_are_retained(world: World) -> None:
    """The default of RetainedRevisions; each older config goes with its model and its stored request."""
    revisions = deploy(world, *"abcde")

    sweep_later(world)

    assert world.names["EndpointConfigs"] == revisions[-3:]
    assert len(world.names["Models"]) == 3
    assert revision_folders(world) == set(revisions[-3:])


def test_nothing_is_swept_within_the_retention(world: World) -> None:
    """Resources younger than UnusedRetentionHours stay, whether they are in use or not."""
    deploy(world, *"abcde")
    before, objects = world.names, stored(world)

    sweep_later(world, 23 * HOUR)

    assert (world.names, stored(world)) == (before, objects)


def test_dry_run_reports_and_deletes_nothing(world: World) -> None:
    """The event names what a sweep would remove."""
    deploy(world, *"abcde")
    before, objects = world.names, stored(world)

    listed = sweep_later(world, DryRun=True)

    assert (world.names, stored(world)) == (before, objects)
    swept = sweep_later(world, 0)
    assert (listed["DryRun"], swept["DryRun"]) == (True, False)
    assert listed["Removed"] == swept["Removed"]
    assert world.names != before


def test_one_revision_is_retained_if_the_stack_is_set_to_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that is served; there is no way back then."""
    monkeypatch.setenv("RETAINED_REVISIONS", "1")
    revisions = deploy(world, *"abc")

    sweep_later(world)

    assert revisions[-1] in world.names["EndpointConfigs"]
    assert revisions[0] not in world.names["EndpointConfigs"]


def test_model_of_a_retained_revision_stays(world: World) -> None:
    """The oldest and the newest revision hold the same model; only the oldest config goes."""
    revisions = deploy(world, *"abca")

    sweep_later(world)

    assert world.names["EndpointConfigs"] == revisions[-3:]
    assert len(world.names["Models"]) == 3
    assert serves(world) == "a"


def test_resources_of_another_endpoint_are_not_swept(world: World) -> None:
    """Somebody's endpoint runs on an old revision of ours, and another config names an old model."""
    revisions = deploy(world, *"ab")
    configs = world.simulator.resources()["EndpointConfigs"]
    sagemaker(world, "CreateEndpoint", EndpointName="theirs", EndpointConfigName=revisions[0])
    variant = {**configs[revisions[1]]["ProductionVariants"][0], "VariantName": "v"}
    sagemaker(world, "CreateEndpointConfig", EndpointConfigName="theirs", ProductionVariants=[variant])
    deploy(world, *"cdef")

    sweep_later(world)

    assert revisions[0] in world.names["EndpointConfigs"]
    assert revisions[1] not in world.names["EndpointConfigs"]
    assert variant["ModelName"] in world.names["Models"]


def test_foreign_resources_are_not_swept(world: World) -> None:
    """A config of the right name and without the stack's tag is somebody else's."""
    (revision,) = deploy(world, "a")
    variant = world.simulator.resources()["EndpointConfigs"][revision]["ProductionVariants"][0]
    theirs = "churn-20200101T000000-0123456789ab"
    sagemaker(world, "CreateEndpointConfig", EndpointConfigName=theirs, ProductionVariants=[variant])
    deploy(world, *"bcde")

    sweep_later(world)

    assert theirs in world.names["EndpointConfigs"]


def test_uploads_are_never_swept(world: World) -> None:
    """Below models/ nothing is deleted, and no version of it."""
    for body in (b"1", b"2", b"3", b"4", b"5"):
        upload(world, body)
    before = stored(world, "models/")

    sweep_later(world)

    assert stored(world, "models/") == before
    assert len(copies(world)) == 3


def test_failed_deployment_is_swept_and_the_live_one_stays(world: World) -> None:
    """Deploy, overwrite the key, fail the smoke test, sweep past the retention: the endpoint loads the first bytes."""
    upload(world, b"one")
    before, objects = world.names, copies(world)
    put_manifest(world, 'SmokeTest: {Body: "1", Expect: {Contains: nothing of the kind}}')
    failed = upload(world, b"broken")
    assert failed.error == "SmokeTestFailedError"
    assert len(copies(world)) == 2

    sweep_later(world)

    assert (world.names, copies(world)) == (before, objects)
    assert loads(world) == b"one"
    assert revision_folders(world) == {live_revision(world)}


def test_everything_is_swept_after_the_endpoint_was_deleted(world: World) -> None:
    """Revisions are retained for an existing endpoint only."""
    for body in (b"1", b"2"):
        upload(world, body)
    sagemaker(world, "DeleteEndpoint", EndpointName="churn")
    world.clock.sleep(HOUR)

    sweep_later(world)
    sweep_later(world, HOUR)

    assert world.names == {"Models": [], "EndpointConfigs": [], "Endpoints": []}
    assert stored(world) == []


def test_resources_of_a_running_deployment_are_not_swept(make_world: Callable[..., World]) -> None:
    """A run finds a model there that is a day old, and a sweep begins before its config exists."""
    world = make_world(Settings())
    deploy(world, *"abcde")
    world.clock.sleep(DAY + 1)
    fault = Fault("CreateEndpointConfig", "unavailable", times=12)
    world.simulator.settings = Settings(faults=(fault,))
    began = world.clock.now()
    execution = world.machine.start(request("a"))
    world.clock.spawn(lambda: world.sweeper.start({}), name="sweep", at=began + 5)

    world.machine.run()

    assert execution.states[-1] == "Deployed"
    assert serves(world) == "a"
    assert ("CreateEndpointConfig", "ModelNotVisibleError") not in execution.failures


def test_model_that_was_deleted_meanwhile_is_created_again(make_world: Callable[..., World]) -> None:
    """A person deletes the run's model just before its config is created: the run goes back to CreateModels."""
    world = make_world(Settings(faults=(Fault("CreateEndpointConfig", "unavailable", times=3),)))
    execution = world.machine.start(request("a"))

    def delete() -> None:
        (name,) = world.names["Models"]
        sagemaker(world, "DeleteModel", ModelName=name)

    world.clock.spawn(delete, name="somebody", at=world.clock.now() + 1)
    world.machine.run()

    assert execution.states[-1] == "Deployed"
    assert execution.states.count("CreateModels") == 2
    assert serves(world) == "a"


@pytest.mark.parametrize("operation", ["DeleteModel", "DeleteEndpointConfig", "ListEndpointConfigs", "ListTags"])
def test_next_sweep_removes_the_refused_resource(make_world: Callable[..., World], operation: str) -> None:
    """A sweep that is refused a call loses nothing; the next one removes what is left."""
    world = make_world(Settings())
    revisions = deploy(world, *"abcde")
    world.simulator.settings = Settings(faults=(Fault(operation, "rejected", message="not today"),))
    world.clock.sleep(DAY + 1)
    world.sweep()
    assert set(revisions[-3:]) <= set(world.names["EndpointConfigs"])

    sweep_later(world, HOUR)
    sweep_later(world, HOUR)

    assert world.names["EndpointConfigs"] == revisions[-3:]
    assert len(world.names["Models"]) == 3


def test_rollback_keeps_the_content_of_its_target(world: World) -> None:
    """The oldest retained revision is deployed again; its model is in use again and stays."""
    revisions = deploy(world, *"abc")
    world.clock.sleep(60)
    world.run(rollback(revisions[0]))
    deploy(world, "d")

    sweep_later(world)
    world.clock.sleep(60)
    execution = world.run(rollback())

    assert execution.states[-1] == "Deployed"
    assert serves(world) == "a"
