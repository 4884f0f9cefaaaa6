"""Inputs and incidents from public reports that failed once, each with the outcome that it has to have."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from deployer.json_document import Document
from deployer.tags import RESERVED_PREFIX
from tests.machine.factories import (
    BUCKET,
    KEY,
    NOTHING,
    config,
    container,
    deploy,
    live_model,
    live_revision,
    loads,
    put_manifest,
    request,
    request_of,
    rollback,
    serves,
    upload,
    variant,
)

if TYPE_CHECKING:
    from local.virtual_time.world import World


ANSWERS_ONE = """
EndpointConfig:
  ProductionVariants: [{InstanceType: ml.m5.large, InitialInstanceCount: 1}]
SmokeTest: {ContentType: text/plain, Body: "1", Expect: {Contains: ONE}}
"""


def answer(world: World) -> str:
    """Return what the endpoint's instances have loaded, as they report it."""
    response = world.simulator.invoke({"EndpointName": "churn", "Body": b"1"})
    content: str = json.loads(response["Body"])["Content"]
    return content


def test_case_01_overwritten_artifact_that_fails_its_smoke_test_leaves_the_first_bytes(world: World) -> None:
    """The endpoint answers ONE again, and so does an instance that is started later."""
    put_manifest(world, ANSWERS_ONE)
    assert upload(world, b"ONE").states[-1] == "Deployed"

    execution = upload(world, b"BROKEN")

    assert execution.error == "SmokeTestFailedError"
    assert answer(world) == "ONE"
    assert world.simulator.replace_instances("churn") == ""
    assert (answer(world), loads(world)) == ("ONE", b"ONE")


def test_case_02_rollback_answers_with_the_first_bytes_of_an_overwritten_key(world: World) -> None:
    """ONE, then TWO under one key, then a rollback: it answers ONE."""
    upload(world, b"ONE")
    upload(world, b"TWO")
    world.clock.sleep(60)

    execution = world.run(rollback())

    assert execution.states[-1] == "Deployed"
    assert answer(world) == "ONE"


def test_instances_that_are_added_days_later_load_the_deployed_bytes(world: World) -> None:
    """A scale-out after the key was overwritten and its first version deleted: all instances have the same bytes."""
    upload(world, b"ONE")
    version = world.s3.list_object_versions(Bucket=BUCKET, Prefix=KEY)["Versions"][0]["VersionId"]
    world.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"OTHER")
    world.s3.delete_object(Bucket=BUCKET, Key=KEY, VersionId=version)
    for _ in range(5):
        world.clock.sleep(86_400)
        world.sweep()

    desired = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}]
    world.simulator.call(
        "UpdateEndpointWeightsAndCapacities", {"EndpointName": "churn", "DesiredWeightsAndCapacities": desired}
    )

    (instances,) = world.simulator.loaded("churn").values()
    assert len(instances) == 3
    assert len(set(instances)) == 1
    assert answer(world) == "ONE"


@pytest.mark.parametrize("pause", [60, 3600], ids=["a minute later", "an hour later"])
def test_case_03_deleted_live_config_is_reported_in_plain_words(world: World, pause: int) -> None:
    """The live model stays, the endpoint goes on serving, and the cause says what to do."""
    content = request("a")
    deploy(world, "a")
    live, model = live_revision(world), live_model(world)["ModelName"]
    world.simulator.call("DeleteEndpointConfig", {"EndpointConfigName": live})
    world.clock.sleep(pause)

    execution = world.run({**content, **config(variant(InitialInstanceCount=2))})

    assert execution.states[-1] == "Failed"
    assert execution.error == "LiveConfigMissingError" or pause < 600
    # Just after a change a replica may lag, so that is waited out first.
    assert execution.error == "LiveConfigMissingError" or len(execution.failures) > 30
    assert f"serves the endpoint config {live}, which has been deleted" in execution.cause
    assert "Create an endpoint config of that name again" in execution.cause
    assert world.bus[-1]["EndpointName"] == "churn"
    assert model in world.names["Models"]
    world.clock.sleep(90_000)
    world.sweep()
    assert model in world.names["Models"]
    assert world.simulator.resources()["Endpoints"]["churn"]["EndpointStatus"] == "InService"


def models_with_environment(count: int, size: int, entries: int = 11) -> Document:
    """Build models whose containers have so many environment values of so many characters."""
    environment = {f"VALUE_{number}": "x" * size for number in range(entries)}
    return {f"m{number}": container(f"m{number}", Environment=environment) for number in range(count)}


LONG_TAGS = {f"tag-{number:02}": "x" * 240 for number in range(40)}
SIZES = {
    "case 04: ten models with eleven values of 1,000 characters": request_of(
        models_with_environment(10, 1000), Tags=LONG_TAGS
    ),
    "case 04: two models with 127 values": request_of(models_with_environment(2, 1000, 64), Tags=LONG_TAGS),
    "a plan that is larger than the limit": request_of(models_with_environment(2, 1000, 100)),
}


@pytest.mark.parametrize("wanted", SIZES.values(), ids=SIZES)
def test_case_04_request_of_any_size_has_an_outcome(world: World, wanted: Document) -> None:
    """It is deployed, or rejected with its size and the limit before anything is created; never neither."""
    execution = world.run(wanted)

    assert execution.states[-1] in {"Deployed", "Rejected"}
    assert world.outcomes == [execution.states[-1]]
    assert world.bus[-1]["EndpointName"] == "churn"
    if execution.states[-1] == "Rejected":
        assert "request: becomes a plan of" in execution.cause
        assert world.names == NOTHING


def test_case_04_limit_is_reported(world: World) -> None:
    """A request of 200 KB is rejected, and the cause says how large it is and how large it may be."""
    execution = world.run(SIZES["a plan that is larger than the limit"])

    assert execution.states[-1] == "Rejected"
    assert re.search(r"a plan of 2\d{5} bytes, and at most 1\d{5} fit", execution.cause)


KINDS = ("endpoint", "config", "model")


def tags_of(world: World) -> dict[str, dict[str, str]]:
    """Return the tags of requests that the endpoint, its config and the config's model bear."""
    endpoint = world.simulator.call("DescribeEndpoint", {"EndpointName": "churn"})
    config_name = endpoint["EndpointConfigName"]
    described = world.simulator.call("DescribeEndpointConfig", {"EndpointConfigName": config_name})
    model = described["ProductionVariants"][0]["ModelName"]
    arns = {
        "endpoint": endpoint["EndpointArn"],
        "config": described["EndpointConfigArn"],
        "model": world.simulator.call("DescribeModel", {"ModelName": model})["ModelArn"],
    }
    found = {kind: world.simulator.tags(arn) for kind, arn in arns.items()}
    return {
        kind: {key: value for key, value in tags.items() if not key.startswith(RESERVED_PREFIX)}
        for kind, tags in found.items()
    }


def test_case_09_change_of_tags_alone_changes_no_instance(world: World) -> None:
    """They are brought up to date in place, and tags that the request no longer has are removed."""
    first = deploy(world, "a", Tags={"team": "a", "tier": "1"})
    updates = [call.operation for call in world.simulator.calls].count("UpdateEndpoint")
    world.clock.sleep(60)

    execution = world.run(request("a", Tags={"team": "b", "cost": "9"}))

    assert execution.states[-1] == "NothingToDo"
    assert live_revision(world) == first[0]
    assert [call.operation for call in world.simulator.calls].count("UpdateEndpoint") == updates
    assert tags_of(world) == {kind: {"team": "b", "cost": "9"} for kind in KINDS}


def test_case_09_older_request_changes_no_tags(world: World) -> None:
    """It comes late, asks for what is live, and a newer request has had other tags since."""
    deploy(world, "a", Tags={"team": "a"})
    late = world.requested(request("a", Tags={"team": "late"}))
    world.clock.sleep(60)
    world.run(request("a", Tags={"team": "b"}))

    execution = world.run(late)

    assert execution.states[-1] == "NothingToDo"
    assert tags_of(world)["endpoint"] == {"team": "b"}


def test_case_09_update_brings_the_tags_of_the_endpoint_along(world: World) -> None:
    """UpdateEndpoint takes none, and a model of equal content is found there with its old ones."""
    deploy(world, "a", Tags={"team": "a", "tier": "1"})
    larger = config({"InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1})

    deploy(world, "a", **larger, Tags={"team": "b"})

    assert tags_of(world) == {kind: {"team": "b"} for kind in KINDS}


def test_case_16_smoke_test_with_a_huge_cause_is_restored(world: World) -> None:
    """500 wrong values: the cause is bounded, the endpoint serves what it served, and the event says so."""
    deploy(world, "a")
    values = {f"/Values/{number}": "x" * 40 for number in range(500)}
    world.clock.sleep(60)

    execution = world.run(request("b", SmokeTest={"Body": "{}", "Expect": {"JsonValues": values}}))

    assert (execution.states[-1], execution.error) == ("Failed", "SmokeTestFailedError")
    assert execution.cause.endswith("…")
    assert len(execution.cause) <= 8 * 1024
    assert execution.largest_data < 256 * 1024
    assert serves(world) == "a"
    assert world.outcomes == ["Deployed", "Failed"]


def test_case_16_manifest_with_thousands_of_wrong_values_is_rejected(world: World) -> None:
    """3,100 problems: as many as fit are named, and how many more there are."""
    fields = ", ".join(f"f{number}: 1" for number in range(3100))
    put_manifest(world, f"Models: {{m: {{PrimaryContainer: {{{fields}}}}}}}")

    execution = world.upload(KEY)
    world.machine.run()

    assert (execution.states[-1], world.outcomes) == ("Rejected", ["Rejected"])
    assert "and " in execution.cause.rsplit("\n", 1)[1]
    assert execution.cause.endswith(" more")
    assert len(json.dumps(world.bus[-1])) < 64 * 1024
