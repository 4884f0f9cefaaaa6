"""A deployment counts once its smoke test has passed; one that fails leaves the endpoint as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from deployer.json_document import Document
from deployer.tags import DEPLOYED, PENDING, PREVIOUS_TAG, STATE_TAG
from local.simulator import Fault, Settings
from local.virtual_time.world import IMAGE, ROLE
from tests.machine.factories import (
    ANSWERS,
    BUCKET,
    deploy,
    live_revision,
    request,
    run_into,
    serves,
    tags_of_config,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World

UNANSWERED = (
    Fault("InvokeEndpoint", "slow", times=3, seconds=310),
    Fault("InvokeEndpoint", "rejected", times=30, code="ValidationError", message="Endpoint churn not found."),
    Fault("InvokeEndpoint", "unavailable", times=None),
)
"""Functions run out of time, then the runtime does not know the endpoint, then it fails: for more than half an hour."""

BROKEN = Settings(broken_models={"bad": "cannot predict"})


def test_endpoint_is_invoked_before_the_revision_is_recorded(world: World) -> None:
    """The endpoint is invoked as often as the request wants, and then the revision is deployed."""
    (revision,) = deploy(world, "a", SmokeTest={**ANSWERS, "Repetitions": 5})

    operations = [call.operation for call in world.simulator.calls]
    assert world.count("InvokeEndpoint") == 5
    assert operations[-7:] == ["InvokeEndpoint"] * 5 + ["DescribeEndpoint", "AddTags"]
    assert tags_of_config(world, revision)[STATE_TAG] == DEPLOYED


def test_deployment_without_a_smoke_test_invokes_nothing(world: World) -> None:
    """An endpoint in service on the requested config is enough; the revision is recorded."""
    (revision,) = deploy(world, "a")

    assert world.count("InvokeEndpoint") == 0
    assert tags_of_config(world, revision)[STATE_TAG] == DEPLOYED


def test_new_endpoint_that_fails_its_test_is_deleted(make_world: Callable[..., World]) -> None:
    """Nothing was served before, so nothing is served after."""
    world = make_world(BROKEN)

    execution = world.run(request("bad", SmokeTest=ANSWERS))

    assert (execution.error, execution.states[-1]) == ("SmokeTestFailedError", "Failed")
    assert "Answer 1 of 1: status 500 instead of 200" in execution.cause
    assert "cannot predict" in execution.cause
    assert world.names["Endpoints"] == []


def test_update_that_fails_its_test_is_reverted(make_world: Callable[..., World]) -> None:
    """The endpoint serves what it served; the revision stays pending, and names the one before it."""
    world = make_world(BROKEN)
    (first,) = deploy(world, "a")

    world.clock.sleep(60)
    execution = world.run(request("bad", SmokeTest=ANSWERS))

    failed = tags_of_config(world, world.bus[-1]["Revision"])
    assert execution.error == "SmokeTestFailedError"
    assert (serves(world), live_revision(world)) == ("a", first)
    assert (failed[STATE_TAG], failed[PREVIOUS_TAG]) == (PENDING, first)
    assert world.bus[-1]["Restored"] == first


@pytest.mark.parametrize(
    ("expect", "found"),
    [
        pytest.param({"StatusCode": 201}, "status 200 instead of 201", id="status"),
        pytest.param({"Equals": "yes"}, "instead of 'yes'", id="whole body"),
        pytest.param({"Contains": "yes"}, "does not contain 'yes'", id="part of the body"),
        pytest.param({"JsonValues": {"/Variant": "B"}}, "has \"AllTraffic\" at '/Variant'", id="pointer"),
        pytest.param({"JsonSchema": {"required": ["Score"]}}, "'Score' is a required property", id="schema"),
    ],
)
def test_answer_that_is_not_as_expected_is_reported(world: World, expect: Document, found: str) -> None:
    """The cause says what was expected and what came."""
    execution = world.run(request("a", SmokeTest={"Body": "{}", "Expect": expect}))

    assert execution.error == "SmokeTestFailedError"
    assert found in execution.cause


def test_body_of_a_smoke_test_may_come_from_s3(world: World) -> None:
    """A body that is too long for a request is stored beside the artifact."""
    world.s3.put_object(Bucket=BUCKET, Key="smoke/body.json", Body=b"x" * 100_000)

    test = {"BodyS3Uri": "s3://artifacts/smoke/body.json", "Expect": {"JsonValues": {"/Bytes": 100_000}}}
    execution = world.run(request("a", SmokeTest=test))

    assert execution.states[-1] == "Deployed"


def test_another_request_waits_while_a_pending_revision_is_tested(make_world: Callable[..., World]) -> None:
    """A pending revision in service may be reverted at any moment; a newer request waits for that."""
    world = make_world(replace(BROKEN, faults=(Fault("InvokeEndpoint", "throttled", times=4),)))
    deploy(world, "a")
    began = world.clock.now() + 60

    first = world.machine.start(request("bad", SmokeTest=ANSWERS), at=began)
    second = world.machine.start(request("c"), at=began + 265)
    world.machine.run()

    assert "WaitForOtherDeployment" in second.states
    assert (first.error, second.states[-1]) == ("SmokeTestFailedError", "Deployed")
    assert serves(world) == "c"


def test_answers_of_another_revision_do_not_count(make_world: Callable[..., World]) -> None:
    """Invocations fail for so long that a newer request replaces the pending revision, and then are answered."""
    world = make_world(Settings())
    deploy(world, "a")
    began = world.clock.now() + 60
    first = world.machine.start(request("b", SmokeTest=ANSWERS), at=began)
    second = world.machine.start(request("c"), at=began + 60)
    world.simulator.settings = Settings(faults=UNANSWERED)
    world.clock.spawn(lambda: setattr(world.simulator, "settings", Settings()), name="repair", at=began + 2600)

    world.machine.run()

    assert (first.states[-1], second.states[-1]) == ("Superseded", "Deployed")
    assert serves(world) == "c"


def test_smoke_test_is_repeated_once_a_system_update_has_ended(world: World) -> None:
    """The endpoint serves the revision all the time, and nobody can see that while it is changing."""
    deploy(world, "a")
    world.clock.sleep(60)
    world.simulator.settings = Settings(faults=(Fault("InvokeEndpoint", "slow", seconds=20),))
    execution = world.machine.start(request("b", SmokeTest=ANSWERS))
    run_into(world, execution, "SmokeTestEndpoint")
    world.simulator.set_status("churn", "SystemUpdating", seconds=300)

    world.machine.run()

    assert execution.states[-1] == "Deployed"
    assert serves(world) == "b"


def test_revision_of_a_stopped_run_is_tested_by_the_next_one(make_world: Callable[..., World]) -> None:
    """A run that was stopped before its smoke test left its revision pending; the same request again deploys it."""
    world = make_world(Settings())
    deploy(world, "a")
    world.clock.sleep(60)
    stopped = world.machine.start(request("b", SmokeTest=ANSWERS))
    world.machine.run(world.clock.now() + 150)
    world.machine.stop(stopped)
    world.machine.run()
    world.clock.sleep(3600)

    execution = world.run(request("b", SmokeTest=ANSWERS))

    assert execution.states[-1] == "Deployed"
    assert serves(world) == "b"
    assert tags_of_config(world, live_revision(world))[STATE_TAG] == DEPLOYED


@pytest.mark.parametrize(("model", "outcome"), [("good", "Deployed"), ("bad", "Failed")])
def test_inference_component_is_asked_by_its_name(make_world: Callable[..., World], model: str, outcome: str) -> None:
    """An endpoint of components is updated, and the component that is there answers the test."""
    world = make_world(BROKEN)
    bare = {"VariantName": "A", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    wanted = {"EndpointName": "churn", "EndpointConfig": {"ExecutionRoleArn": ROLE, "ProductionVariants": [bare]}}
    world.run(wanted)
    call = world.simulator.call
    call("CreateModel", {"ModelName": model, "PrimaryContainer": {"Image": IMAGE}, "ExecutionRoleArn": ROLE})
    component = {"InferenceComponentName": "I", "EndpointName": "churn", "Specification": {"ModelName": model}}
    call("CreateInferenceComponent", {**component, "VariantName": "A"})

    second = {**bare, "InitialInstanceCount": 2}
    wanted["EndpointConfig"] = {"ExecutionRoleArn": ROLE, "ProductionVariants": [second]}
    world.run({**wanted, "SmokeTest": {**ANSWERS, "InferenceComponentName": "I"}})

    assert world.bus[0]["Outcome"] == "Deployed"
    assert world.bus[1]["Outcome"] == outcome


@pytest.mark.parametrize(("image", "outcome"), [("a", "Deployed"), ("bad", "Failed")])
def test_asynchronous_answer_is_waited_for(make_world: Callable[..., World], image: str, outcome: str) -> None:
    """The answer, or what is known of the failure, is an object that comes later."""
    world = make_world(BROKEN)
    asked = request(image, SmokeTest=ANSWERS)
    paths = {"S3OutputPath": f"s3://{BUCKET}/answers", "S3FailurePath": f"s3://{BUCKET}/failures"}
    asked["EndpointConfig"]["AsyncInferenceConfig"] = {"OutputConfig": paths}

    world.run(asked)

    assert world.bus[-1]["Outcome"] == outcome, world.bus[-1]
