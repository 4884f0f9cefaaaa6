"""Every trigger - an upload, a model package, an event, a person's input - becomes the same checked request."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.events.models import EventPattern

from tests.machine.factories import (
    BUCKET,
    KEY,
    MANIFEST_KEY,
    NOTHING,
    copies,
    deploy,
    endpoint_of,
    live_model,
    live_revision,
    loads,
    put_manifest,
    request,
    stored,
    tags_of_config,
    upload,
)
from tests.template.shipped import read_template

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World

EVENTS = {path.stem: path for path in sorted(Path(__file__).parents[1].joinpath("events").glob("*.json"))}
MANIFEST = "EndpointConfig: {ProductionVariants: [{InstanceType: ml.c5.large, InitialInstanceCount: 1}]}"


def sample(name: str) -> Any:
    """Read a sample of a trigger."""
    return json.loads(EVENTS[name].read_text())


def sample_with_object(world: World, name: str) -> Any:
    """Read a sample, with the object in S3 that it is about."""
    event = sample(name)
    if event.get("source") == "aws.s3":
        uploaded = event["detail"]["object"]
        put = world.s3.put_object(Bucket=BUCKET, Key=uploaded["key"], Body=b"Tags: {a: b}")
        uploaded["version-id"] = put["VersionId"]
    return event


@pytest.mark.parametrize("name", EVENTS)
def test_every_sample_has_its_outcome(world: World, name: str) -> None:
    """The samples are real, and work as the input of an execution."""
    execution = world.run(sample_with_object(world, name))

    expected = "AwaitingArtifact" if name == "manifest_uploaded" else "Deployed"
    assert (execution.cause, execution.states[-1]) == ("", expected)
    assert world.bus[0]["EndpointName"] == "churn"
    assert world.bus[0]["RequestId"] == sample(name).get("id", "execution-0")


def test_dry_run_is_answered_and_changes_nothing(world: World) -> None:
    """By whatever way it comes; the execution's output has the preview, and the event the names in it."""
    deploy(world, "a")
    before = (world.names, stored(world), endpoint_of(world))
    event = {**sample("deployment_requested"), "detail": request("b", DryRun=True)}
    put_manifest(world, json.dumps({**request("c"), "DryRun": True}))

    world.clock.sleep(60)
    executions = [world.run(request("b", DryRun=True)), world.run(event), upload(world, b"weights")]

    assert [execution.states[-1] for execution in executions] == ["Planned"] * 3
    assert (world.names, stored(world), endpoint_of(world)) == before
    preview = json.loads(executions[0].record["output"])["Plan"]["Preview"]
    (image,) = (each for each in preview["Changes"] if each["Path"] == "Models.m.PrimaryContainer.Image")
    assert [image[side].rpartition("/")[2] for side in ("Before", "After")] == ["a:1", "b:1"]
    assert [each["Planned"]["Action"] for each in world.bus[1:]] == ["Update"] * 3
    assert world.bus[1]["Planned"]["Changes"] == ["Models.m.PrimaryContainer.Image"]


def test_weights_of_2_and_1_give_two_thirds_and_one_third(world: World) -> None:
    """Two models in one request share the endpoint's traffic as SageMaker's documentation says."""
    world.run(sample("manual"))

    variants = endpoint_of(world)["ProductionVariants"]
    answers = Counter(world.simulator.invoke({"EndpointName": "churn"})["InvokedProductionVariant"] for _ in range(900))
    assert [(each["VariantName"], each["CurrentWeight"]) for each in variants] == [("A", 2.0), ("B", 1.0)]
    assert abs(answers["A"] / 900 - 2 / 3) < 0.06


def test_guardrails_reach_sagemaker_as_they_were_written(world: World) -> None:
    """UpdateEndpoint gets the request's DeploymentConfig to the letter."""
    world.run(sample("manual"))
    guarded = sample("manual")
    guarded["Models"]["champion"]["PrimaryContainer"]["Image"] += "1"
    for alarm in guarded["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]:
        world.make_alarm(alarm["AlarmName"])

    world.clock.sleep(1)
    execution = world.run(guarded)

    (update,) = [call for call in world.simulator.calls if call.operation == "UpdateEndpoint"]
    assert execution.states[-1] == "Deployed"
    assert update.parameters["DeploymentConfig"] == guarded["DeploymentConfig"]


def test_guardrails_with_other_variant_names_than_the_live_ones_are_rejected(world: World) -> None:
    """It is said before anything is created, not after half an hour."""
    world.run(sample("manual"))
    renamed = sample("manual")
    renamed["EndpointConfig"]["ProductionVariants"][0]["VariantName"] = "C"
    before = world.names

    world.clock.sleep(1)
    execution = world.run(renamed)

    assert execution.states[-1] == "Rejected"
    assert "are B, C, and the live ones A, B; guardrails need the same variant names" in execution.cause
    assert world.names == before


def test_approved_package_is_the_model_and_its_group_the_endpoint(world: World) -> None:
    """An approved package is deployed by its ARN on the stack's default instances."""
    world.run(sample("model_package_approved"))

    assert live_model(world)["PrimaryContainer"] == {
        "ModelPackageName": "arn:aws:sagemaker:us-east-1:111122223333:model-package/churn/4"
    }


def test_package_that_is_not_approved_is_rejected(world: World) -> None:
    """Only approval deploys, even if the rule of the template were changed."""
    event = sample("model_package_approved")
    event["detail"]["ModelApprovalStatus"] = "PendingManualApproval"

    execution = world.run(event)

    assert execution.error == "InvalidRequestError"
    assert "ModelApprovalStatus" in execution.cause


def test_later_edit_of_an_old_package_does_not_bring_it_back(world: World) -> None:
    """SageMaker sends Approved again when the metadata of an approved package change."""
    old, new = (sample("model_package_approved") for _ in range(2))
    new["detail"]["ModelPackageArn"] = new["detail"]["ModelPackageArn"].replace("/4", "/5")
    for minute, event in enumerate((old, new)):
        event |= {"id": f"event-{minute}", "time": f"2026-11-24T12:0{minute}:00Z"}
        world.run(event)
    old["detail"]["UpdatedModelPackageFields"] = ["CustomerMetadataProperties"]

    execution = world.run({**old, "id": "event-2", "time": "2026-11-24T13:00:00Z"})

    assert execution.states[-1] == "Rejected"
    assert live_model(world)["PrimaryContainer"]["ModelPackageName"].endswith("/5")


@pytest.mark.parametrize("first", ["artifact", "manifest"])
def test_artifact_and_manifest_may_come_in_either_order(world: World, first: str) -> None:
    """Whichever comes last, the endpoint ends as the manifest says."""
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


def test_waiting_manifest_says_which_container_waits_and_where_it_looked(world: World) -> None:
    """The event of an upload to another folder says so."""
    world.upload(MANIFEST_KEY, MANIFEST.encode())
    world.machine.run()

    (event,) = world.bus
    assert event["Outcome"] == "AwaitingArtifact"
    assert event["Reason"].startswith(
        "Models.model.PrimaryContainer: waits for a model.tar.gz in s3://artifacts/models/churn/ or below"
    )


def test_superseded_event_says_by_what(world: World) -> None:
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
    """The same key with other content is deployed anew, and both versions are stored."""
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


def rule_of_template(name: str) -> EventPattern:
    """Return the pattern of a rule of the template, for the world's bucket, prefix and sources."""
    pattern = read_template()["Resources"][name]["Properties"]["EventPattern"]
    text = json.dumps(pattern)
    for reference, value in {"ArtifactBucket": [BUCKET], "RequestSources": ["endpoint-deployer.requests"]}.items():
        text = text.replace(json.dumps([{"Ref": reference}]), json.dumps(value))
        text = text.replace(json.dumps({"Ref": reference}), json.dumps(value))
    text = re.sub(r'\{"Fn::Sub": ("[^"]*")\}', r"\1", text).replace("${ArtifactPrefix}", "models/")
    return EventPattern("", json.loads(text))


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


NEAR_MISSES = [
    "churn/Model.tar.gz", "churn/v2/MODEL.TAR.GZ", "churn/Model.Tar.Gz", "churn/model.TAR.GZ", "churn/model.tar.GZ",
    "churn/model.zip", "churn/model.tgz", "churn/model.tar", "churn/Model.zip", "churn/MODEL.ZIP",
    "churn/Deployment.yaml", "churn/Deployment.yml", "churn/Deployment.json", "churn/DEPLOYMENT.YAML",
    "churn/deployment.YAML", "churn/DEPLOYMENT.YML", "churn/deployment.JSON",
    "model.tar.gz", "deployment.yaml", "deployment.yml", "deployment.json",
]  # fmt: skip


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_upload_that_was_meant_to_deploy_is_rejected_with_what_would_work(world: World, name: str) -> None:
    """The rule starts an execution for it, whose event says how to upload it."""
    execution = world.upload(f"models/{name}")
    world.machine.run()

    (event,) = world.bus
    started = json.loads(execution.record["input"])
    assert rule_of_template("MisnamedUploadRule").matches_event(started)
    assert not rule_of_template("UploadRule").matches_event(started)
    assert event["Outcome"] == "Rejected"
    assert event.get("EndpointName") == ("churn" if "/" in name else None)
    assert re.search(r"upload (it as|that)", event["Cause"])
    assert world.names == NOTHING


@pytest.mark.parametrize(
    "key",
    ["models/churn/notes.txt", "models/churn/data/train.csv", "models/churn/job/output/output.tar.gz",
     "models/churn/my-model.tar.gz", "models/churn/deployment.yaml.bak", "data/churn/model.zip", "model.tar.gz"],
)  # fmt: skip
def test_unrelated_upload_starts_no_execution(world: World, key: str) -> None:
    """A folder of models holds much else, and executions cost money."""
    created = world.object_created(key, "v", "etag")

    assert not any(rule_of_template(rule).matches_event(created) for rule in ("UploadRule", "MisnamedUploadRule"))


@pytest.mark.parametrize(
    ("detail_type", "matches"),
    [
        ("Endpoint Deployment Requested", True),
        ("endpoint deployment requested", True),
        ("ENDPOINT DEPLOYMENT REQUESTED", True),
        ("Endpoint Deployment Request", True),
        ("DeploymentRequested", True),
        ("Endpoint Deployment Ended", False),
        ("Endpoint Deployer Sweep Ended", False),
        ("Order Placed", False),
    ],
)
def test_event_that_was_meant_to_request_a_deployment_starts_an_execution(
    world: World,
    detail_type: str,
    matches: bool,  # noqa: FBT001 - a case
) -> None:
    """The deployer's own events never match, whatever the sources: they would start execution after execution."""
    event = world.event("endpoint-deployer.requests", detail_type, {"EndpointName": "churn"})

    assert rule_of_template("RequestRule").matches_event(event) is matches


def test_request_of_a_wrong_detail_type_is_rejected_with_the_right_one(world: World) -> None:
    """The event says which endpoint it was for."""
    world.run(world.event("endpoint-deployer.requests", "Deployment Requested", request("a")))

    (event,) = world.bus
    assert (event["Outcome"], event["EndpointName"]) == ("Rejected", "churn")
    assert event["Cause"].startswith("detail-type: must be 'Endpoint Deployment Requested'")


def test_event_of_the_deployers_own_store_is_rejected(world: World) -> None:
    """No rule matches what lies below revisions/; if an event came all the same, nothing would be made of it."""
    upload(world, b"one")
    (key,) = copies(world)
    before, names = stored(world), world.names

    execution = world.run(world.object_created(key, "v", "etag"))

    assert execution.states[-1] == "Rejected"
    assert "detail.object.key" in execution.cause
    assert "revisions/" in execution.cause
    assert (stored(world), world.names) == (before, names)


@pytest.mark.parametrize(
    "key", ["models/churn/a b/model.tar.gz", "models/churn/a+b%20c/model.tar.gz", "models/churn/größe/model.tar.gz"]
)
def test_key_is_taken_as_it_is(world: World, key: str) -> None:
    """Events do not encode keys, and neither does the deployer."""
    execution = world.upload(key, key.encode())

    world.machine.run()

    assert execution.states[-1] == "Deployed"
    assert loads(world) == key.encode()


def test_request_of_a_name_deploys_the_newest_upload(world: World) -> None:
    """By hand, the endpoint's name is enough: what was uploaded last is deployed."""
    world.s3.put_object(Bucket="artifacts", Key="models/churn/v1/model.tar.gz", Body=b"x")

    execution = world.run({"EndpointName": "churn"})

    assert execution.states[-1] == "Deployed"


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        (("account",), "999999999999", "account: the event is of account 999999999999"),
        (("detail", "bucket", "name"), "another", "detail.bucket.name: another is not the artifact bucket"),
        (("detail", "object", "key"), "other/churn/model.tar.gz", "detail.object.key: 'other/churn/model.tar.gz'"),
        (("detail", "object", "key"), "models/model.tar.gz", "detail.object.key: 'models/model.tar.gz'"),
        (("detail-type",), "Object Deleted", "detail-type: "),
        (("time",), "yesterday", "time: "),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_event_for_somebody_else_is_rejected(world: World, field: tuple[str, ...], value: str, named: str) -> None:
    """Another account's, another bucket's and malformed events create nothing."""
    event = sample_with_object(world, "artifact_uploaded")
    part = event
    for name in field[:-1]:
        part = part[name]
    part[field[-1]] = value

    execution = world.run(event)

    assert execution.states[-1] == "Rejected"
    assert named in execution.cause
    assert world.names == NOTHING


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
HOSTILE = st.sampled_from(["$.Plan", "$$.Execution.Id", "States.Format('{}', $)", "${CreateModelsFunctionArn}", "{%s}"])
REQUESTS = st.dictionaries(
    st.sampled_from(["EndpointName", "Models", "EndpointConfig", "Tags", "DeploymentConfig", "$.Plan"]), JSON | HOSTILE
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=JSON | REQUESTS, trigger=st.sampled_from(["manual", "custom", "manifest"]))
def test_any_json_has_a_named_outcome_and_creates_nothing(
    make_world: Callable[..., World], document: Any, trigger: str
) -> None:
    """As an input, as an event's detail or as a manifest: what is no request is rejected, and nothing is evaluated."""
    world = make_world()
    if trigger == "manifest":
        execution = world.upload(MANIFEST_KEY, json.dumps(document).encode())
        world.machine.run()
    else:
        event = {**sample("deployment_requested"), "detail": document} if trigger == "custom" else document
        execution = world.run(event)

    assert execution.states[-1] in {"Rejected", "AwaitingArtifact"}
    assert world.outcomes == [execution.states[-1]]
    assert world.names == NOTHING
