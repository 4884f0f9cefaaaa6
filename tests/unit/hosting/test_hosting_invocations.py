"""The hosting simulator's runtime: streams, models of a container, and invocations that it refuses."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import EventStreamError

from local.simulator import Settings
from tests.unit.hosting.account import ROLE, Account, Storage, refused, serverless

FOLDER = "s3://b/models/"
NOT_ALLOWED = (
    "Inference Component Name header is not allowed for endpoints to which you dont plan to deploy inference "
    "components. Please remove the Inference Component Name header and try again."
)


def multi_model(objects: dict[str, bytes]) -> Account:
    """Bring an endpoint into service whose container has many models."""
    account = Account(options={"storage": Storage(objects), "runs_models": False})
    account.create_model("m", ModelDataUrl=FOLDER, Mode="MultiModel")
    account.create_config()
    account.create_endpoint()
    account.clock.sleep(account.settings.create_seconds)
    return account


def test_stream_has_the_whole_answer_in_parts() -> None:
    """InvokeEndpointWithResponseStream answers with events, whose bytes together are the answer."""
    account = Account()
    account.serve()

    response = account.runtime.invoke_endpoint_with_response_stream(EndpointName="e", Body=b"{}", ContentType="a/b")
    parts = [event["PayloadPart"]["Bytes"] for event in response["Body"]]

    assert len(parts) == 2
    assert json.loads(b"".join(parts))["Model"] == "m"
    assert (response["ContentType"], response["InvokedProductionVariant"]) == ("application/json", "A")


def test_stream_that_breaks_off_ends_with_its_error() -> None:
    """The parts before the error are delivered; the error names the container."""
    account = Account(settings=Settings(broken_streams={"m": "CUDA out of memory"}))
    account.serve()
    stream = account.runtime.invoke_endpoint_with_response_stream(EndpointName="e", Body=b"{}")["Body"]

    with pytest.raises(EventStreamError, match="CUDA out of memory") as failure:
        list(stream)

    assert failure.value.response["Error"]["Code"] == "ModelStreamError"


def test_multi_model_container_answers_with_the_model_that_is_named() -> None:
    """Each model is loaded from the container's folder when it is first asked for."""
    account = multi_model({f"{FOLDER}a.tar.gz": b"A", f"{FOLDER}b.tar.gz": b"B"})

    answers = [account.invoke(TargetModel=name) for name in ("a.tar.gz", "b.tar.gz", "a.tar.gz")]
    missing = refused(account.invoke, TargetModel="c.tar.gz")

    assert [(each["TargetModel"], each["Content"]) for each in answers] == [
        ("a.tar.gz", "A"),
        ("b.tar.gz", "B"),
        ("a.tar.gz", "A"),
    ]
    assert missing[0] == "ValidationError"
    assert f"{FOLDER}c.tar.gz" in missing[1]


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        (
            {"TargetModel": "a.tar.gz"},
            "Endpoint e is not a multi-model endpoint and does not support target model header.",
        ),
        (
            {"InferenceComponentName": "I"},
            NOT_ALLOWED,
        ),
        (
            {"TargetContainerHostname": "a"},
            "Endpoint e does not support target container hostname header.",
        ),
        ({"TargetVariant": "Z"}, "Variant Z was not found for endpoint e"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_invocation_names_no_part_that_an_endpoint_lacks(headers: dict[str, str], message: str) -> None:
    """A header that is not for the endpoint is refused."""
    account = Account()
    account.serve()

    assert refused(account.invoke, **headers) == ("ValidationError", message)


def test_unknown_container_is_refused() -> None:
    """A container that is invoked directly has to be one of the model's."""
    account = Account()
    containers = [{"Image": "i", "ContainerHostname": name} for name in "ab"]
    mode = {"Mode": "Direct"}
    create = account.sagemaker.create_model
    create(ModelName="m", ExecutionRoleArn=ROLE, Containers=containers, InferenceExecutionConfig=mode)
    account.create_config()
    account.create_endpoint()
    account.clock.sleep(account.settings.create_seconds)

    assert refused(account.invoke, TargetContainerHostname="c")[1] == "Container c was not found for endpoint e."


@pytest.mark.parametrize("member", ["SessionId", "PrefixAwareId", "EnableExplanations"])
def test_invocation_that_is_not_simulated_is_named(member: str) -> None:
    """The simulator says what it does not do, by name."""
    account = Account()
    account.serve()

    code, message = refused(account.invoke, **{member: "x"})

    assert code == "UnknownOperationException"
    assert message.startswith("The simulator does not do ")
    assert member in message


def test_operation_that_is_not_simulated_is_named() -> None:
    """The simulator says what it does not do, by name."""
    account = Account()

    said = refused(account.sagemaker.list_training_jobs)

    assert said == ("UnknownOperationException", "The simulator does not do ListTrainingJobs.")


def test_serverless_variant_shows_no_instances() -> None:
    """It has a count of instances, which is 0."""
    account = Account()
    account.serve(serverless())

    (described,) = account.describe()["ProductionVariants"]

    assert described["CurrentInstanceCount"] == 0
    assert "DesiredInstanceCount" not in described
