"""Every trigger - an upload, a model package, an event, a person's input - becomes the same checked request."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.machine.factories import (
    deploy,
    endpoint_of,
    live_model,
    put_manifest,
    request,
    stored,
    upload,
)
from tests.machine.trigger_samples import EVENTS, sample, sample_with_object

if TYPE_CHECKING:
    from local.virtual_time.world import World


@pytest.mark.parametrize("name", EVENTS)
def test_every_sample_has_its_outcome(world: World, name: str) -> None:
    """The samples are real, and work as the input of an execution."""
    execution = world.run(sample_with_object(world, name))

    expected = "AwaitingArtifact" if name == "manifest_uploaded" else "Deployed"
    assert (execution.cause, execution.states[-1]) == ("", expected)
    assert world.bus[0]["EndpointName"] == "churn"
    assert world.bus[0]["RequestId"] == sample(name).get("id", "execution-0")


def test_dry_run_is_answered_and_changes_nothing(world: World) -> None:
    """Every trigger can ask for it; the execution's output has the preview, and the event has its names."""
    deploy(world, "a")
    before = (world.names, stored(world), endpoint_of(world))
    event = world.requested(request("b", DryRun=True))
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
        event |= {"id": f"event-{minute}", "time": f"2026-09-21T14:0{minute}:00Z"}
        world.run(event)
    old["detail"]["UpdatedModelPackageFields"] = ["CustomerMetadataProperties"]

    execution = world.run({**old, "id": "event-2", "time": "2026-09-21T14:10:00Z"})

    assert execution.states[-1] == "Rejected"
    assert live_model(world)["PrimaryContainer"]["ModelPackageName"].endswith("/5")
