"""A deployment counts once it is proven; one that is not leaves what was there before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deployer.planning.revision import UNPROVEN_TAG
from local.simulator import Fault, Settings
from tests.machine.factories import ANSWERS, NOTHING, deploy, live_revision, request, serves

BROKEN = Settings(broken_models={"bad": "cannot predict"})


def is_unproven(world: Any, revision: str) -> bool:
    """Tell whether a revision bears the mark of those that wait for their smoke test."""
    arn = world.simulator.resources()["EndpointConfigs"][revision]["EndpointConfigArn"]
    return UNPROVEN_TAG in world.simulator.tags(arn)


def test_a_smoke_test_is_asked_before_the_deployment_counts(world: Any) -> None:
    """The endpoint is invoked as often as the request wants, and the revision loses its mark."""
    (revision,) = deploy(world, "a", SmokeTest={**ANSWERS, "Repetitions": 5})

    assert world.count("InvokeEndpoint") == 5
    assert not is_unproven(world, revision)


def test_without_a_smoke_test_nothing_is_asked(world: Any) -> None:
    """In service on the config asked for is then proof enough."""
    deploy(world, "a")

    assert world.count("InvokeEndpoint") == 0


def test_a_new_endpoint_that_fails_its_test_is_deleted(make_world: Any) -> None:
    """Nothing was there before, so nothing is there after."""
    world = make_world(BROKEN)

    execution = world.run(request("bad", SmokeTest=ANSWERS))

    assert (execution.error, execution.states[-1]) == ("SmokeTestFailedError", "Failed")
    assert "Answer 1 of 1: status 500 instead of 200" in execution.cause
    assert "cannot predict" in execution.cause
    assert world.names == NOTHING


def test_an_update_that_fails_its_test_goes_back(make_world: Any) -> None:
    """The endpoint serves what it served, and what was created for the update is gone."""
    world = make_world(BROKEN)
    deploy(world, "a")
    before = world.names

    world.clock.sleep(60)
    execution = world.run(request("bad", SmokeTest=ANSWERS))

    assert execution.error == "SmokeTestFailedError"
    assert serves(world) == "a"
    assert world.names == before
    assert "Left" not in world.bus[-1]


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
def test_an_answer_that_is_not_as_expected_is_told(world: Any, expect: dict[str, Any], found: str) -> None:
    """The cause says what was expected and what came."""
    execution = world.run(request("a", SmokeTest={"Body": "{}", "Expect": expect}))

    assert execution.error == "SmokeTestFailedError"
    assert found in execution.cause


def test_a_body_may_come_from_s3(world: Any) -> None:
    """What is too long for a request lies beside the artifact."""
    world.s3.put_object(Bucket="artifacts", Key="smoke/body.json", Body=b"x" * 100_000)

    test = {"BodyS3Uri": "s3://artifacts/smoke/body.json", "Expect": {"JsonValues": {"/Bytes": 100_000}}}
    execution = world.run(request("a", SmokeTest=test))

    assert execution.states[-1] == "Deployed"


def test_another_request_waits_for_the_proof(make_world: Any) -> None:
    """What is in service and yet unproven may be taken back at any moment; a newer request lets that happen first."""
    world = make_world(replace(BROKEN, faults=(Fault("InvokeEndpoint", "throttled", times=4),)))
    deploy(world, "a")
    began = world.clock.now() + 60

    first = world.machine.start(request("bad", SmokeTest=ANSWERS), at=began)
    second = world.machine.start(request("c"), at=began + 245)
    world.machine.run()

    assert (first.error, second.states[-1]) == ("SmokeTestFailedError", "Deployed")
    assert serves(world) == "c"


def test_a_proof_that_nobody_gave_is_given_by_the_next_run(make_world: Any) -> None:
    """A run that was stopped before its smoke test left its revision unproven; the same request again proves it."""
    world = make_world(Settings(faults=(Fault("InvokeEndpoint", "slow", times=1, seconds=1),)))
    deploy(world, "a")
    event = {"SmokeTest": ANSWERS}
    world.clock.sleep(60)
    stopped = world.machine.start(request("b", **event))
    world.machine.run(world.clock.now() + 150)
    world.machine.stop(stopped)
    world.machine.run()
    world.clock.sleep(3600)

    execution = world.run(request("b", **event))

    assert execution.states[-1] == "Deployed"
    assert serves(world) == "b"
    assert not is_unproven(world, live_revision(world))
