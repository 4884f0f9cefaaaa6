"""From an upload to a live endpoint: the shipped template, state machine and functions on local AWS."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from local.aws.execution_follower import follow
from local.simulator import Fault
from local.states_language.history import FAILED
from tests.local.uploads import manifest, upload
from tests.machine.factories import request

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.aws.stack import Stack
    from local.demo.sample.training import Trained
    from local.simulator import Settings

NOT_VISIBLE = {"ModelNotVisibleError", "EndpointConfigNotVisibleError", "EndpointNotVisibleError"}


def failures_in(stack: Stack, execution: str) -> Counter[tuple[str, str]]:
    """Count the failed attempts of an execution's tasks, by state and error."""
    moments = follow(stack.server.client("stepfunctions"), execution, timeout=10)
    return Counter((moment.state, moment.error) for moment in moments if moment.kind in FAILED)


def predict(stack: Stack, endpoint: str, measurements: list[float]) -> str:
    """Return the class that an endpoint predicts."""
    answer = stack.server.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, ContentType="text/csv", Body=",".join(map(str, measurements))
    )
    return str(json.loads(answer["Body"].read())["predictions"][0]["class"])


def test_artifact_alone_becomes_an_endpoint(stack: Stack, trained: Trained, artifact: bytes) -> None:
    """A model without a manifest is deployed by the stack's defaults, and predicts what it predicts here."""
    tumours = trained.measurements[:10]

    outcome = upload(stack, "models/alone/model.tar.gz", artifact)

    assert outcome["Outcome"] == "Deployed"
    assert [predict(stack, "alone", tumour) for tumour in tumours] == [trained.predict(tumour) for tumour in tumours]
    assert {kind: len(names) for kind, names in stack.made_for("alone").items()} == {
        "Models": 1,
        "EndpointConfigs": 1,
        "Endpoints": 1,
    }


def test_endpoint_is_made_of_a_stored_copy(stack: Stack, artifact: bytes) -> None:
    """The model's URL names a copy of what was uploaded, and the stored request says which upload."""
    outcome = upload(stack, "models/copied/model.tar.gz", artifact)
    s3, bucket = stack.server.client("s3"), stack.outputs.artifact_bucket
    (name,) = stack.made_for("copied")["Models"]
    url = stack.server.control.resources()["Models"][name]["PrimaryContainer"]["ModelDataUrl"]
    folder, key = f"s3://{bucket}/revisions/copied/", url.removeprefix(f"s3://{bucket}/")
    stored = json.loads(
        s3.get_object(Bucket=bucket, Key=f"revisions/copied/{outcome['Revision']}/request.json")["Body"].read()
    )

    assert url.startswith(f"{folder}artifacts/")
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == artifact
    assert [data["Uri"] for data in stored["Data"]] == [url]
    assert stored["Execution"] == outcome["Execution"]


def put_in_parts(stack: Stack, key: str, body: bytes) -> str:
    """Upload an object in one part of several that may be, and return its version."""
    s3, place = stack.server.client("s3"), {"Bucket": stack.outputs.artifact_bucket, "Key": key}
    begun = {**place, "UploadId": s3.create_multipart_upload(**place)["UploadId"]}
    part = s3.upload_part(**begun, PartNumber=1, Body=body)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    return str(s3.complete_multipart_upload(**begun, MultipartUpload=parts)["VersionId"])


def put_by_copying(stack: Stack, key: str, body: bytes) -> str:
    """Upload an object outside of the prefix, copy it, and return the copy's version."""
    bucket = stack.outputs.artifact_bucket
    stack.upload("elsewhere/model.tar.gz", body)
    source = {"Bucket": bucket, "Key": "elsewhere/model.tar.gz"}
    return str(stack.server.client("s3").copy_object(Bucket=bucket, Key=key, CopySource=source)["VersionId"])


@pytest.mark.parametrize("put", [put_in_parts, put_by_copying], ids=["in parts", "by copying"])
def test_object_is_deployed_however_it_was_put(stack: Stack, artifact: bytes, put: Callable[..., str]) -> None:
    """An upload in parts and a copy start executions, too."""
    endpoint = put.__name__.replace("_", "-")

    outcome = stack.outcome_of(stack.execution_of(put(stack, f"models/{endpoint}/model.tar.gz", artifact)))

    assert outcome["Outcome"] == "Deployed"


@pytest.mark.parametrize("first", ["deployment.yaml", "model.tar.gz"])
def test_manifest_and_artifact_deploy_in_either_order(stack: Stack, artifact: bytes, first: str) -> None:
    """The one that arrives last completes the deployment."""
    endpoint = f"{first.partition('.')[0]}-first"
    bodies = {"deployment.yaml": manifest(endpoint, Tags={"team": "growth"}), "model.tar.gz": artifact}

    for name in sorted(bodies, key=lambda name: name != first):
        outcome = upload(stack, f"models/{endpoint}/{name}", bodies[name])

    assert outcome["Outcome"] in {"Deployed", "NothingToDo"}
    assert stack.made_for(endpoint)["Endpoints"] == [endpoint]


def start(stack: Stack, endpoint: str) -> str:
    """Start an execution that creates an endpoint without model data, and return its ARN."""
    states, machine = stack.server.client("stepfunctions"), stack.outputs.state_machine_arn
    document = json.dumps(request("a", endpoint))
    return str(states.start_execution(stateMachineArn=machine, input=document)["executionArn"])


@pytest.mark.parametrize("lag", [1, 10, 60], ids="{}s".format)
def test_lagging_replicas_create_nothing_twice(stack: Stack, quick: Settings, lag: int) -> None:
    """The deployment succeeds with any lag; only errors of visibility are retried."""
    endpoint = f"lag-{lag}"
    stack.server.control.settings = replace(quick, lag=float(lag))

    execution = start(stack, endpoint)
    outcome = stack.outcome_of(execution)

    assert outcome["Outcome"] == "Deployed"
    assert all(len(names) == 1 for names in stack.made_for(endpoint).values())
    assert {error for _, error in failures_in(stack, execution)} <= NOT_VISIBLE


def test_nothing_is_retried_without_lag(stack: Stack, artifact: bytes) -> None:
    """Where everything is visible at once, every step succeeds at the first attempt."""
    execution = stack.execution_of(stack.upload("models/no-lag/model.tar.gz", artifact))

    outcome = stack.outcome_of(execution)

    assert outcome["Outcome"] == "Deployed"
    assert not failures_in(stack, execution)


def test_stale_read_after_a_good_describe_is_retried(stack: Stack, quick: Settings) -> None:
    """CreateEndpoint is answered by a replica that has not seen the config which DescribeEndpointConfig has shown."""
    stack.server.control.settings = replace(quick, faults=(Fault("CreateEndpoint", "stale", times=3),))

    execution = start(stack, "stale")
    outcome = stack.outcome_of(execution)

    assert outcome["Outcome"] == "Deployed"
    assert failures_in(stack, execution) == {("CreateEndpoint", "EndpointConfigNotVisibleError"): 3}


@pytest.mark.parametrize(
    ("operation", "state", "left"),
    [
        pytest.param("CreateModel", "CreateModels", [0, 0, 0], id="model"),
        pytest.param("CreateEndpointConfig", "CreateEndpointConfig", [1, 0, 0], id="config"),
        pytest.param("CreateEndpoint", "CreateEndpoint", [1, 1, 0], id="endpoint"),
    ],
)
def test_permanent_error_ends_the_execution_at_once(
    stack: Stack, quick: Settings, operation: str, state: str, left: list[int]
) -> None:
    """It is not retried, and its words are the execution's cause; models and configs are left to the sweep."""
    words = "1 validation error detected: Value 'x' at 'y' failed to satisfy constraint."
    fault = Fault(operation, "rejected", times=None, code="ValidationException", message=words)
    stack.server.control.settings = replace(quick, faults=(fault,))
    endpoint = f"refused-{operation.lower()}"

    execution = start(stack, endpoint)
    outcome = stack.outcome_of(execution)

    assert (outcome["Outcome"], outcome["Error"]) == ("Failed", "SageMakerRejectedError")
    assert words in outcome["Cause"]
    assert failures_in(stack, execution) == {(state, "SageMakerRejectedError"): 1}
    assert [len(names) for names in stack.made_for(endpoint).values()] == left
    described = stack.server.client("stepfunctions").describe_execution(executionArn=execution)
    assert (described["status"], described["error"]) == ("FAILED", "SageMakerRejectedError")
    assert words in described["cause"]
