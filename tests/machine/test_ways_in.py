"""Every way in becomes the same checked request."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EVENTS = {path.stem: path for path in sorted(Path(__file__).parents[1].joinpath("events").glob("*.json"))}
NOTHING: dict[str, list[str]] = {"Models": [], "EndpointConfigs": [], "Endpoints": []}
KEY = "models/churn/model.tar.gz"
MANIFEST = b"EndpointConfig: {ProductionVariants: [{InstanceType: ml.c5.large, InitialInstanceCount: 1}]}"


def sample(name: str) -> Any:
    """Read a sample of a way in."""
    return json.loads(EVENTS[name].read_text())


def arrived(world: Any, name: str) -> Any:
    """Read a sample, with the object in S3 that it tells of."""
    event = sample(name)
    if event.get("source") == "aws.s3":
        told = event["detail"]["object"]
        put = world.s3.put_object(Bucket="artifacts", Key=told["key"], Body=b"Tags: {a: b}")
        told["version-id"] = put["VersionId"]
    return event


@pytest.mark.parametrize("name", EVENTS)
def test_every_sample_ends_as_it_should(world: Any, name: str) -> None:
    """The samples are real, and work as the input of an execution."""
    execution = world.run(arrived(world, name))

    expected = "AwaitingArtifact" if name == "manifest_uploaded" else "Deployed"
    assert (execution.cause, execution.states[-1]) == ("", expected)
    assert world.bus[0]["EndpointName"] == "churn"
    assert world.bus[0]["RequestId"] == sample(name).get("id", "execution-0")


def test_weights_of_2_and_1_give_two_thirds_and_one_third(world: Any) -> None:
    """Two models in one request share the endpoint's traffic as SageMaker's documentation says."""
    world.run(sample("manual"))

    variants = world.simulator.resources()["Endpoints"]["churn"]["ProductionVariants"]
    answers = Counter(world.simulator.invoke({"EndpointName": "churn"})["InvokedProductionVariant"] for _ in range(900))
    assert [(each["VariantName"], each["CurrentWeight"]) for each in variants] == [("A", 2.0), ("B", 1.0)]
    assert abs(answers["A"] / 900 - 2 / 3) < 0.06


def test_guardrails_arrive_as_they_were_written(world: Any) -> None:
    """UpdateEndpoint gets the request's DeploymentConfig to the letter."""
    world.run(sample("manual"))
    request = sample("manual")
    request["Models"]["champion"]["PrimaryContainer"]["Image"] += "1"
    for alarm in request["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]:
        world.make_alarm(alarm["AlarmName"])

    world.clock.sleep(1)
    execution = world.run(request)

    (update,) = [call for call in world.simulator.calls if call.operation == "UpdateEndpoint"]
    assert execution.states[-1] == "Deployed"
    assert update.parameters["DeploymentConfig"] == request["DeploymentConfig"]


def test_guardrails_that_the_live_config_forbids_are_rejected(world: Any) -> None:
    """Other variant names than the live ones are said before anything is made, not after half an hour."""
    world.run(sample("manual"))
    request = sample("manual")
    request["EndpointConfig"]["ProductionVariants"][0]["VariantName"] = "C"
    before = world.names

    world.clock.sleep(1)
    execution = world.run(request)

    assert execution.states[-1] == "Rejected"
    assert "are B, C, and the live ones A, B; guardrails need the same variant names" in execution.cause
    assert world.names == before


def test_a_package_is_the_model_and_its_group_the_endpoint(world: Any) -> None:
    """An approved package is deployed by its ARN on the stack's default instances."""
    world.run(sample("model_package_approved"))

    (model,) = world.simulator.resources()["Models"].values()
    assert model["PrimaryContainer"] == {
        "ModelPackageName": "arn:aws:sagemaker:us-east-1:111122223333:model-package/churn/4"
    }


def test_a_package_that_is_not_approved_is_rejected(world: Any) -> None:
    """Only approval deploys, even if the rule of the template were changed."""
    event = sample("model_package_approved")
    event["detail"]["ModelApprovalStatus"] = "PendingManualApproval"

    execution = world.run(event)

    assert execution.error == "InvalidRequestError"
    assert "ModelApprovalStatus" in execution.cause


@pytest.mark.parametrize("first", ["artifact", "manifest"])
def test_artifact_and_manifest_come_in_either_order(world: Any, first: str) -> None:
    """Whichever comes last, the endpoint ends as the manifest says it, with one config for what is live."""
    uploads = {"artifact": (KEY, b"model"), "manifest": ("models/churn/deployment.yaml", MANIFEST)}
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


def test_both_at_once_are_one_deployment(world: Any) -> None:
    """Two uploads in one second that mean the same content make one of everything."""
    world.s3.put_object(Bucket="artifacts", Key="models/churn/deployment.yaml", Body=MANIFEST)
    executions = [world.upload(KEY), world.upload("models/churn/deployment.yaml", MANIFEST)]

    world.machine.run()

    assert sorted(execution.states[-1] for execution in executions) == ["Deployed", "NothingToDo"]
    assert [len(names) for names in world.names.values()] == [1, 1, 1]


def test_the_nearest_manifest_wins(world: Any) -> None:
    """A manifest beside the artifact governs it, not the one further up."""
    world.s3.put_object(Bucket="artifacts", Key="models/churn/deployment.yaml", Body=b"nonsense: true")
    world.s3.put_object(Bucket="artifacts", Key="models/churn/v2/deployment.yaml", Body=MANIFEST)

    execution = world.upload("models/churn/v2/model.tar.gz")
    world.machine.run()

    assert execution.states[-1] == "Deployed"


def test_an_artifact_that_was_overwritten_is_superseded(world: Any) -> None:
    """The event of the older version comes to nothing, because the newer version's event deploys."""
    first = world.upload(KEY, b"one")
    second = world.upload(KEY, b"two")

    world.machine.run()

    assert (first.states[-1], second.states[-1]) == ("Superseded", "Deployed")
    assert len(world.names["Models"]) == 1


def test_an_overwritten_artifact_is_another_model(world: Any) -> None:
    """The same key with other content is deployed anew."""
    world.upload(KEY, b"one")
    world.machine.run()
    second = world.upload(KEY, b"two")
    world.machine.run()

    assert second.states[-1] == "Deployed"
    assert len(world.names["Models"]) == 2


@pytest.mark.parametrize(
    "key", ["models/churn/a b/model.tar.gz", "models/churn/a+b%20c/model.tar.gz", "models/churn/größe/model.tar.gz"]
)
def test_keys_are_taken_as_they_are(world: Any, key: str) -> None:
    """Events do not encode keys, and neither do we."""
    world.upload(key)

    world.machine.run()

    (model,) = world.simulator.resources()["Models"].values()
    assert model["PrimaryContainer"]["ModelDataUrl"] == f"s3://artifacts/{key}"


def test_a_request_of_a_name_deploys_the_newest_upload(world: Any) -> None:
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
def test_an_event_that_is_not_for_us_is_rejected(world: Any, field: tuple[str, ...], value: str, named: str) -> None:
    """Another account's, another bucket's and malformed events make nothing."""
    event = arrived(world, "artifact_uploaded")
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
@given(document=JSON | REQUESTS, way=st.sampled_from(["manual", "custom", "manifest"]))
def test_any_json_ends_in_a_named_outcome_and_makes_nothing(make_world: Any, document: Any, way: str) -> None:
    """As an input, as an event's detail or as a manifest: what is no request is rejected, and nothing is evaluated."""
    world = make_world()
    if way == "manifest":
        execution = world.upload("models/churn/deployment.yaml", json.dumps(document).encode())
        world.machine.run()
    else:
        event = {**sample("deployment_requested"), "detail": document} if way == "custom" else document
        execution = world.run(event)

    assert execution.states[-1] in {"Rejected", "AwaitingArtifact"}
    assert world.outcomes == [execution.states[-1]]
    assert world.names == NOTHING
