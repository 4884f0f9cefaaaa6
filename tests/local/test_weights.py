"""A request that differs in weights or counts only, on local AWS: the endpoint keeps its config."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from deployer.tags import DEPLOYED, STATE_TAG
from local.aws.execution_follower import follow
from local.simulator import Fault
from tests.local.empty_account import empty_account
from tests.local.uploads import manifest, upload
from tests.machine.factories import REFUSES, rollback
from tests.machine.weight_samples import split

if TYPE_CHECKING:
    from deployer.json_document import Document
    from local.aws.stack import Stack
    from local.demo.sample.training import Trained
    from local.simulator import Settings

DAYS = 2 * 86400.0
SCALE_SECONDS = 50.0  # 1 s on the wall clock


@pytest.fixture(autouse=True)
def slow_changes(stack: Stack, quick: Settings) -> None:
    """A change of weights takes so long that the execution waits for it."""
    stack.server.control.settings = replace(quick, scale_seconds=SCALE_SECONDS)


def two_variants(endpoint: str, first: float, second: float, **changes: object) -> bytes:
    """Return a manifest of one model in two variants."""
    variants = [
        {
            "VariantName": name,
            "ModelName": "classifier",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
            "InitialVariantWeight": weight,
        }
        for name, weight in (("a", first), ("b", second))
    ]
    return manifest(endpoint, EndpointConfig={"ProductionVariants": variants}, **changes)


def run(stack: Stack, request: Document) -> Document:
    """Start an execution of a request; return the outcome."""
    started = stack.server.client("stepfunctions").start_execution(
        stateMachineArn=stack.outputs.state_machine_arn, input=json.dumps(request)
    )
    return stack.outcome_of(started["executionArn"])


def states_of(stack: Stack, execution: str) -> list[tuple[str, str]]:
    """Return the states of an execution, with what happened in each."""
    moments = follow(stack.server.client("stepfunctions"), execution, timeout=10)
    return [(moment.state, moment.kind) for moment in moments]


def served(stack: Stack, endpoint: str) -> tuple[str, list[float]]:
    """Return the config and the weights that an endpoint has."""
    found = stack.endpoint(endpoint)
    return found["EndpointConfigName"], [each["CurrentWeight"] for each in found["ProductionVariants"]]


def recorded(stack: Stack, endpoint: str, config: str) -> list[str]:
    """Return the revisions in the record of the weights of an endpoint config, in order."""
    s3, bucket = stack.server.client("s3"), stack.outputs.artifact_bucket
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"revisions/{endpoint}/{config}/weights/").get("Contents", [])
    bodies = [s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in listed]
    return [json.loads(body)["Revision"] for body in bodies]


def state_tag(stack: Stack, config: str) -> str | None:
    """Return the state of a revision, by the tags of its endpoint config."""
    arn = stack.server.control.resources()["EndpointConfigs"][config]["EndpointConfigArn"]
    tags = stack.server.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]
    return next((each["Value"] for each in tags if each["Key"] == STATE_TAG), None)


def test_uploaded_weights_are_deployed_without_a_rollout(stack: Stack, trained: Trained, artifact: bytes) -> None:
    """The event of the endpoint ends the wait for the change, and both variants answer as before."""
    endpoint, tumour = "weighted", trained.measurements[0]
    upload(stack, f"models/{endpoint}/deployment.yaml", two_variants(endpoint, 9, 1))
    first = upload(stack, f"models/{endpoint}/model.tar.gz", artifact)
    expect = {"JsonValues": {"/predictions/0/class": trained.predict(tumour)}}
    smoke_test = {"ContentType": "text/csv", "Body": ",".join(map(str, tumour)), "Expect": expect}

    key, body = f"models/{endpoint}/deployment.yaml", two_variants(endpoint, 0.3, 0.7, SmokeTest=smoke_test)
    second = upload(stack, key, body)

    states = states_of(stack, second["Execution"])
    assert (first["Outcome"], second["Outcome"]) == ("Deployed", "Deployed"), second
    assert served(stack, endpoint) == (first["Revision"], [0.3, 0.7])
    assert recorded(stack, endpoint, first["Revision"]) == [second["Revision"]]
    assert state_tag(stack, second["Revision"]) == DEPLOYED
    assert {"UpdateWeights", "SmokeTestEndpoint"} <= {state for state, _ in states}
    assert "UpdateEndpoint" not in {state for state, _ in states}
    assert ("DescribeEndpoint", "TaskTimedOut") not in states


def test_rollback_and_failed_smoke_test_give_weights_back(stack: Stack) -> None:
    """The record has each revision whose weights the config was given."""
    first = run(stack, split(9, 1, endpoint="weighted-back"))
    second = run(stack, split(5, 5, endpoint="weighted-back"))

    failed = run(stack, split(2, 8, endpoint="weighted-back", SmokeTest=REFUSES))
    after_failure = served(stack, "weighted-back")
    back = run(stack, rollback(endpoint="weighted-back"))

    assert (failed["Outcome"], failed["Error"], failed["Restored"]) == (
        "Failed", "SmokeTestFailedError", second["Revision"],
    )  # fmt: skip
    assert after_failure == (first["Revision"], [5, 5])
    assert back["Outcome"] == "Deployed"
    assert served(stack, "weighted-back") == (first["Revision"], [9, 1])
    assert recorded(stack, "weighted-back", first["Revision"]) == [
        each["Revision"] for each in (second, failed, second, back)
    ]


def test_look_that_lags_does_not_end_a_change_of_weights(stack: Stack, quick: Settings) -> None:
    """The plan and the change look at the endpoint first; the next look sees it as it was before the change."""
    first = run(stack, split(9, 1, endpoint="weighted-late"))
    fault = Fault("DescribeEndpoint", "stale", skip=2, resource="weighted-late")
    stack.server.control.settings = replace(quick, scale_seconds=SCALE_SECONDS, faults=(fault,))

    second = run(stack, split(5, 5, endpoint="weighted-late"))

    assert second["Outcome"] == "Deployed", second
    assert ("DescribeEndpoint", "TaskFailed") in states_of(stack, second["Execution"])
    assert served(stack, "weighted-late") == (first["Revision"], [5, 5])


def drift_of(stack: Stack) -> list[str]:
    """Return the differences that the newest sweep has found of the endpoint, but for what concerns its invocations."""
    states, machine = stack.server.client("stepfunctions"), stack.outputs.sweep_state_machine_arn
    newest = states.list_executions(stateMachineArn=machine, maxResults=1)["executions"][0]
    output = states.describe_execution(executionArn=newest["executionArn"])["output"]
    found: list[str] = json.loads(output)["Drift"]["Found"].get("weighted-swept", [])
    return [kind for kind in found if kind != "NotInvoked"]


def stored(stack: Stack) -> set[str]:
    """Return the names of the revisions of which an object is stored."""
    found = stack.server.client("s3").list_object_versions(
        Bucket=stack.outputs.artifact_bucket, Prefix="revisions/weighted-swept/"
    )
    return {each["Key"].split("/")[2] for kind in ("Versions", "DeleteMarkers") for each in found.get(kind, [])}


def test_change_of_weights_is_no_drift_and_goes_with_its_endpoint(stack: Stack) -> None:
    """A sweep deletes what has failed only; once the endpoint is deleted, nothing stays, the record included."""
    empty_account(stack)
    first = run(stack, split(9, 1, endpoint="weighted-swept"))
    failed = run(stack, split(2, 8, endpoint="weighted-swept", SmokeTest=REFUSES))
    second = run(stack, split(5, 5, endpoint="weighted-swept"))

    sweep = stack.sweep(after=DAYS)

    drift, stays = drift_of(stack), stored(stack)
    stack.server.client("sagemaker").delete_endpoint(EndpointName="weighted-swept")
    while stack.server.control.resources()["Endpoints"]:
        time.sleep(0.1)
    for _ in range(2):
        stack.sweep(after=DAYS)
    assert drift == []
    assert sweep["Removed"]["EndpointConfigs"]["Names"] == [failed["Revision"]]
    assert sweep["Removed"]["Models"]["Count"] == 0
    assert stays == {first["Revision"], second["Revision"]}
    assert stack.made_for("weighted-swept") == {"Models": [], "EndpointConfigs": [], "Endpoints": []}
    assert stored(stack) == set()
