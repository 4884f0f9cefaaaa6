"""Uploads of artifacts and manifests, in any order, start the deployments that they are meant to start."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.machine.factories import (
    KEY,
    MANIFEST_KEY,
    copies,
    live_revision,
    loads,
    put_manifest,
    request,
    stored,
    tags_of_config,
    upload,
)
from tests.machine.trigger_samples import rule_of_template, sample

if TYPE_CHECKING:
    from local.virtual_time.world import World


MANIFEST = "EndpointConfig: {ProductionVariants: [{InstanceType: ml.c5.large, InitialInstanceCount: 1}]}"


@pytest.mark.parametrize("first", ["artifact", "manifest"])
def test_artifact_and_manifest_may_come_in_either_order(world: World, first: str) -> None:
    """The endpoint ends as the manifest says, in either order."""
    uploads = {"artifact": (KEY, b"model"), "manifest": (MANIFEST_KEY, MANIFEST.encode())}
    order = [first, *(uploads.keys() - {first})]
    outcomes = []
    for name in order:
        execution = world.upload(*uploads[name])
        world.machine.run()
        outcomes.append(execution.states[-1])

    resources = world.simulator.resources()
    live = resources["EndpointConfigs"][resources["Endpoints"]["churn"]["EndpointConfigName"]]
    assert outcomes == (["Deployed", "Deployed"] if first == "artifact" else ["AwaitingArtifact", "Deployed"])
    assert live["ProductionVariants"][0]["InstanceType"] == "ml.c5.large"


def test_artifact_and_manifest_at_once_are_one_deployment(world: World) -> None:
    """Two uploads in one second that mean the same content make one of everything."""
    put_manifest(world, MANIFEST)
    executions = [world.upload(KEY), world.upload(MANIFEST_KEY, MANIFEST.encode())]

    world.machine.run()

    assert sorted(execution.states[-1] for execution in executions) == ["Deployed", "NothingToDo"]
    assert [len(names) for names in world.names.values()] == [1, 1, 1]
    assert len(copies(world)) == 1


def test_nearest_manifest_wins(world: World) -> None:
    """A manifest beside the artifact governs it, not the one further up."""
    put_manifest(world, "nonsense: true")
    put_manifest(world, MANIFEST, "models/churn/v2/deployment.yaml")

    execution = world.upload("models/churn/v2/model.tar.gz")
    world.machine.run()

    assert execution.states[-1] == "Deployed"


def test_rejected_upload_is_found_by_its_endpoint(world: World) -> None:
    """Executions that EventBridge starts have no telling name: their event and every line of their log say which."""
    world.upload(MANIFEST_KEY, b"Nonsense: true")
    world.machine.run()

    (event,) = world.bus
    lines = [json.loads(line) for line in world.log.getvalue().splitlines()]
    found = {line["execution"] for line in lines if line.get("endpoint") == "churn"}
    assert (event["Outcome"], event["EndpointName"]) == ("Rejected", "churn")
    assert found == {event["Execution"].rpartition(":")[2]}
    assert all(line.get("endpoint") == "churn" for line in lines if "message" in line)


def test_waiting_manifest_names_the_container_and_the_searched_folder(world: World) -> None:
    """The event of an upload to another folder says so."""
    world.upload(MANIFEST_KEY, MANIFEST.encode())
    world.machine.run()

    (event,) = world.bus
    assert event["Outcome"] == "AwaitingArtifact"
    assert event["Reason"].startswith(
        "Models.model.PrimaryContainer: waits for a model.tar.gz in s3://artifacts/models/churn/ or below"
    )


def test_superseded_event_names_the_newer_request(world: World) -> None:
    """A request of an hour ago comes after a newer one."""
    older = world.requested(request("a"))
    world.clock.sleep(3600)
    world.run(sample("manual"))

    world.run(older)

    assert world.bus[-1]["Outcome"] == "Superseded"
    assert world.bus[-1]["Reason"] == f"Endpoint churn serves {world.bus[0]['Revision']}, which was requested later"


def test_overwritten_artifact_is_superseded(world: World) -> None:
    """The event of the older version comes to nothing, because the newer version's event deploys."""
    first = world.upload(KEY, b"one")
    second = world.upload(KEY, b"two")

    world.machine.run()

    assert (first.states[-1], second.states[-1]) == ("Superseded", "Deployed")
    assert len(world.names["Models"]) == 1
    assert loads(world) == b"two"


def test_new_version_of_an_artifact_is_another_model(world: World) -> None:
    """The same key with other content is deployed again, and both versions are stored."""
    executions = [upload(world, b"one"), upload(world, b"two")]

    assert [execution.states[-1] for execution in executions] == ["Deployed", "Deployed"]
    assert len(world.names["Models"]) == 2
    assert len(copies(world)) == 2


def test_one_version_deployed_twice_is_copied_once(world: World) -> None:
    """A manifest that changes the instance type deploys the same artifact: its stored copy is found there."""
    upload(world, b"one")
    world.clock.sleep(60)
    second = world.upload(MANIFEST_KEY, MANIFEST.encode())
    world.machine.run()

    assert second.states[-1] == "Deployed"
    assert len(world.names["EndpointConfigs"]) == 2
    assert len(copies(world)) == 1


def test_stored_copies_start_no_execution(world: World) -> None:
    """The rule matches the upload, and nothing that the deployer itself stores below revisions/."""
    put_manifest(world, MANIFEST)
    execution = upload(world, b"one")
    rules = [rule_of_template(name) for name in ("UploadRule", "MisnamedUploadRule")]

    assert [rule.matches_event(json.loads(execution.record["input"])) for rule in rules] == [True, False]
    assert any(key.endswith("/model.tar.gz") for key in stored(world))
    created = [world.object_created(key, "v", "etag") for key in stored(world)]
    assert not any(rule.matches_event(event) for rule in rules for event in created)


@pytest.mark.parametrize("name", ["deployment.yml", "deployment.json"])
def test_manifest_of_another_name_is_taken(world: World, name: str) -> None:
    """It governs the artifact, and its own upload starts an execution, which here changes tags alone."""
    first = upload(world, b"one")
    world.clock.sleep(60)

    second = world.upload(f"models/churn/{name}", b'{"Tags": {"team": "growth"}}')
    world.machine.run()

    assert (first.states[-1], second.states[-1]) == ("Deployed", "NothingToDo")
    assert rule_of_template("UploadRule").matches_event(json.loads(second.record["input"]))
    assert tags_of_config(world, live_revision(world))["team"] == "growth"


@pytest.mark.parametrize(
    "key", ["models/churn/a b/model.tar.gz", "models/churn/a+b%20c/model.tar.gz", "models/churn/größe/model.tar.gz"]
)
def test_key_is_not_decoded(world: World, key: str) -> None:
    """Events do not encode keys, and neither does the deployer."""
    execution = world.upload(key, key.encode())

    world.machine.run()

    assert execution.states[-1] == "Deployed"
    assert loads(world) == key.encode()


def test_request_of_a_name_deploys_the_newest_upload(world: World) -> None:
    """An execution that is started by hand needs only the endpoint's name: the newest upload is deployed."""
    world.s3.put_object(Bucket="artifacts", Key="models/churn/v1/model.tar.gz", Body=b"x")

    execution = world.run({"EndpointName": "churn"})

    assert execution.states[-1] == "Deployed"
