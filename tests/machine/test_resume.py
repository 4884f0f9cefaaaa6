"""A run was stopped after it had changed the endpoint; the same event is delivered again half an hour later."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from deployer.json_document import Document
from deployer.tags import DEPLOYED, STATE_TAG
from local.simulator import Fault, Settings
from local.simulator.errors import FunctionKilledError
from tests.machine.factories import (
    BUCKET,
    KEY,
    endpoint_of,
    live_revision,
    loads,
    put_manifest,
    run_into,
    tags_of_config,
    upload,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World


SETTINGS = Settings(create_seconds=45, update_seconds=45)
MANIFEST = 'SmokeTest: {Body: "1", Expect: {Contains: "%s"}}'
STATES = ["DescribeEndpoint", "SmokeTestEndpoint", "RecordDeployment", "AnnounceOutcome"]
"""The states that follow CreateEndpoint and UpdateEndpoint."""


def prepare(make_world: Callable[..., Any], expected: str, *, is_update: bool) -> tuple[Any, Document]:
    """Make a world with an upload that is tested, over another one or as the first; return its event, too."""
    world = make_world(SETTINGS)
    if is_update:
        upload(world, b"one")
        world.clock.sleep(60)
    put_manifest(world, MANIFEST % expected)
    put = world.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"two")
    return world, world.object_created(KEY, put["VersionId"], put["ETag"])


def stop_in(world: World, event: Document, state: str) -> None:
    """Run an event, and stop it in a state whose function gets nothing done."""
    inject_nothing = world.inject_fault

    def kill(service: str, _operation: str, when: str) -> None:
        if (service, when, state) == ("events", "before", "AnnounceOutcome"):
            raise FunctionKilledError

    operation = {"SmokeTestEndpoint": "InvokeEndpoint", "RecordDeployment": "AddTags"}.get(state)
    faults = (Fault(operation, "killed", times=None),) if operation else ()
    world.simulator.settings = replace(SETTINGS, faults=faults)
    world.inject_fault = kill
    execution = world.machine.start(event)
    run_into(world, execution, state)
    world.machine.stop(execution)
    world.machine.run(world.clock.now() + 1900)
    assert execution.status == "ABORTED"
    world.simulator.settings = SETTINGS
    world.inject_fault = inject_nothing


@pytest.mark.parametrize("is_update", [True, False], ids=["update", "creation"])
@pytest.mark.parametrize("state", STATES)
def test_repeated_event_deploys_the_revision_of_a_stopped_run(
    make_world: Callable[..., World], state: str, *, is_update: bool
) -> None:
    """The smoke test passes: the endpoint serves the second bytes, and the revision is recorded as deployed."""
    world, event = prepare(make_world, "Model", is_update=is_update)
    stop_in(world, event, state)

    execution = world.run(event)

    assert execution.states[-1] == ("NothingToDo" if state == "AnnounceOutcome" else "Deployed")
    assert loads(world) == b"two"
    assert tags_of_config(world, live_revision(world))[STATE_TAG] == DEPLOYED
    assert world.count("UpdateEndpoint") == int(is_update)


@pytest.mark.parametrize("state", STATES[:3])
def test_repeated_event_whose_smoke_test_fails_restores_the_first_bytes(
    make_world: Callable[..., World], state: str
) -> None:
    """Case 17: the endpoint serves what it served before the stopped run."""
    expected = "Model" if state == "RecordDeployment" else "nothing of the kind"
    world, event = prepare(make_world, expected, is_update=True)
    first = live_revision(world)
    stop_in(world, event, state)
    assert live_revision(world) != first
    world.simulator.settings = replace(SETTINGS, broken_models={"*": "cannot predict"})

    execution = world.run(event)

    assert (execution.states[-1], execution.error) == ("Failed", "SmokeTestFailedError")
    assert live_revision(world) == first
    assert loads(world) == b"one"
    assert world.bus[-1]["Restored"] == first


@pytest.mark.parametrize("state", STATES[:2])
def test_repeated_event_whose_smoke_test_fails_deletes_a_new_endpoint(
    make_world: Callable[..., World], state: str
) -> None:
    """Nothing was there before the stopped run."""
    world, event = prepare(make_world, "nothing of the kind", is_update=False)
    stop_in(world, event, state)
    assert endpoint_of(world)["EndpointStatus"] == "InService"

    execution = world.run(event)

    assert (execution.states[-1], execution.error) == ("Failed", "SmokeTestFailedError")
    assert world.names["Endpoints"] == []
    assert world.bus[-1]["Restored"] == "deleted"
