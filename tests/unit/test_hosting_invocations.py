"""The hosting simulator's runtime: streams, asynchronous answers, models of a container, inference components."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import EventStreamError

from deployer.json_document import Document
from local.simulator import Settings
from tests.unit.hosting_account import ARN, ROLE, Account, Storage, refused, serverless, variant

OUTPUT = {"OutputConfig": {"S3OutputPath": "s3://b/answers", "S3FailurePath": "s3://b/failures/"}}
FOLDER = "s3://b/models/"
NOT_ALLOWED = (
    "Inference Component Name header is not allowed for endpoints to which you dont plan to deploy inference "
    "components. Please remove the Inference Component Name header and try again."
)
COMPONENT = {"InferenceComponentName": "I", "EndpointName": "e", "Specification": {"ModelName": "m"}}


def asynchronous(storage: Storage | None = None, **settings: Any) -> Account:
    """Bring an asynchronous endpoint into service."""
    account = Account(options={"storage": storage}, settings=Settings(**settings))
    account.serve(AsyncInferenceConfig=OUTPUT)
    return account


def multi_model(objects: dict[str, bytes]) -> Account:
    """Bring an endpoint into service whose container has many models."""
    account = Account(options={"storage": Storage(objects), "runs_models": False})
    account.create_model("m", ModelDataUrl=FOLDER, Mode="MultiModel")
    account.create_config()
    account.create_endpoint()
    account.clock.sleep(account.settings.create_seconds)
    return account


def of_components(**settings: Any) -> Account:
    """Bring an endpoint into service that gets inference components."""
    account = Account(settings=Settings(**settings))
    account.create_model()
    bare = {member: value for member, value in variant().items() if member != "ModelName"}
    account.create_config("c", bare, ExecutionRoleArn=ROLE)
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
    """What has come before stays; the error names the container."""
    account = Account(settings=Settings(broken_streams={"m": "CUDA out of memory"}))
    account.serve()
    stream = account.runtime.invoke_endpoint_with_response_stream(EndpointName="e", Body=b"{}")["Body"]

    with pytest.raises(EventStreamError, match="CUDA out of memory") as failure:
        list(stream)

    assert failure.value.response["Error"]["Code"] == "ModelStreamError"


def test_asynchronous_answer_is_an_object_that_comes_later() -> None:
    """The answer names the place; until an instance has taken the request there is nothing."""
    storage = Storage({"s3://b/question": b"12345"})
    account = asynchronous(storage)

    answer = account.runtime.invoke_endpoint_async(EndpointName="e", InputLocation="s3://b/question", InferenceId="q-1")
    before = dict(storage.objects)
    account.clock.sleep(account.settings.asynchronous_seconds)
    account.simulator.catch_up()

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["InferenceId"] == "q-1"
    assert answer["OutputLocation"].startswith("s3://b/answers/")
    assert answer["FailureLocation"].startswith("s3://b/failures/")
    assert answer["OutputLocation"] not in before
    assert json.loads(storage.objects[answer["OutputLocation"]]) | {"Bytes": 5, "Model": "m"} == json.loads(
        storage.objects[answer["OutputLocation"]]
    )
    assert answer["FailureLocation"] not in storage.objects


@pytest.mark.parametrize(
    ("location", "settings", "message"),
    [
        ("s3://b/question", {"broken_models": {"m": "CUDA out of memory"}}, "CUDA out of memory"),
        ("s3://b/nothing", {}, "Could not find model data at s3://b/nothing."),
    ],
    ids=["broken model", "input that is missing"],
)
def test_asynchronous_failure_is_an_object_too(location: str, settings: Document, message: str) -> None:
    """A request that fails leaves what is known of it at the FailureLocation, and no answer."""
    storage = Storage({"s3://b/question": b"{}"})
    account = asynchronous(storage, **settings)

    answer = account.runtime.invoke_endpoint_async(EndpointName="e", InputLocation=location)
    account.clock.sleep(account.settings.asynchronous_seconds)
    account.simulator.catch_up()

    assert message in storage.objects[answer["FailureLocation"]].decode()
    assert answer["OutputLocation"] not in storage.objects


def test_asynchronous_request_waits_for_an_instance() -> None:
    """An asynchronous endpoint may be scaled to nothing; its queue stays until an instance is there."""
    storage = Storage()
    account = asynchronous(storage)
    scale = account.sagemaker.update_endpoint_weights_and_capacities
    scale(EndpointName="e", DesiredWeightsAndCapacities=[{"VariantName": "A", "DesiredInstanceCount": 0}])

    answer = account.runtime.invoke_endpoint_async(EndpointName="e", Body=b"{}")
    account.clock.sleep(1000)
    account.simulator.catch_up()
    before = set(storage.objects)
    scale(EndpointName="e", DesiredWeightsAndCapacities=[{"VariantName": "A", "DesiredInstanceCount": 1}])
    account.clock.sleep(1000)
    account.simulator.catch_up()

    assert answer["OutputLocation"] not in before
    assert answer["OutputLocation"] in storage.objects


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "Specify either InputLocation or Body"),
        ({"InputLocation": "s3://b/q", "Body": b"{}"}, "Specify either InputLocation or Body"),
        ({"Body": b"x" * 128_001}, "at most 128000 bytes"),
    ],
    ids=["neither", "both", "too long"],
)
def test_asynchronous_request_has_one_input(request_: Document, message: str) -> None:
    """The input is an object, or a short body."""
    account = asynchronous()

    code, said = refused(account.runtime.invoke_endpoint_async, EndpointName="e", **request_)

    assert code == "ValidationError"
    assert message in said


def test_real_time_endpoint_refuses_asynchronous_requests() -> None:
    """InvokeEndpointAsync needs an AsyncInferenceConfig."""
    account = Account()
    account.serve()

    code, message = refused(account.runtime.invoke_endpoint_async, EndpointName="e", Body=b"{}")

    assert (code, "is not asynchronous" in message) == ("ValidationError", True)


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


def test_inference_component_answers_by_its_name() -> None:
    """An endpoint of components serves without a model; each component has one, and answers when it is asked for."""
    account = of_components()

    without = refused(account.invoke)
    account.sagemaker.create_inference_component(VariantName="A", **COMPONENT)
    early = refused(account.invoke, InferenceComponentName="I")
    account.clock.sleep(account.settings.component_seconds)
    described = account.sagemaker.describe_inference_component(InferenceComponentName="I")
    listed = account.sagemaker.list_inference_components(EndpointNameEquals="e")["InferenceComponents"]

    assert without[1].startswith("Inference Component Name header is required for endpoints to which you plan to ")
    assert early == ("ValidationError", "Inference component I has no capacity to process this request.")
    assert described["InferenceComponentArn"] == f"{ARN}inference-component/i"
    assert described["InferenceComponentStatus"] == "InService"
    assert [each["InferenceComponentName"] for each in listed] == ["I"]
    assert account.invoke(InferenceComponentName="I")["Model"] == "m"


def test_deleted_inference_component_is_gone() -> None:
    """It goes when it is deleted, and with its endpoint."""
    account = of_components(component_seconds=0)
    for name in ("I", "J"):
        account.sagemaker.create_inference_component(VariantName="A", **{**COMPONENT, "InferenceComponentName": name})
    account.invoke(InferenceComponentName="I")

    account.sagemaker.delete_inference_component(InferenceComponentName="I")
    first = refused(account.invoke, InferenceComponentName="I")
    account.sagemaker.delete_endpoint(EndpointName="e")
    account.clock.sleep(account.settings.delete_seconds)
    describe = account.sagemaker.describe_inference_component

    assert first == ("ValidationError", "Inference component I of endpoint e not found.")
    for name in ("I", "J"):
        said = refused(describe, InferenceComponentName=name)[1]
        assert said == f'Could not find inference component "{ARN}inference-component/{name.lower()}".'


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"EndpointName": "f"}, f'Could not find endpoint "{ARN}endpoint/f".'),
        ({"VariantName": "B"}, f'Endpoint "{ARN}endpoint/e" has no variant B for inference components.'),
        ({"Specification": {"ModelName": "n"}}, f'Could not find model "{ARN}model/n".'),
        (
            {"Specification": {"Container": {"Image": "i"}}},
            "The simulator does not do inference components without Specification.ModelName.",
        ),
    ],
    ids=["endpoint", "variant", "model", "container"],
)
def test_inference_component_needs_what_it_names(changed: Document, message: str) -> None:
    """A component is for a variant without a model, of an endpoint that exists."""
    account = of_components()

    said = refused(account.sagemaker.create_inference_component, **{"VariantName": "A", **COMPONENT, **changed})

    assert said[1] == message


def test_inference_component_that_cannot_load_its_model_fails() -> None:
    """Its model was there when it was created, and is gone when it is loaded."""
    account = of_components()
    account.sagemaker.create_inference_component(VariantName="A", **COMPONENT)
    account.sagemaker.delete_model(ModelName="m")
    account.clock.sleep(account.settings.component_seconds)

    described = account.sagemaker.describe_inference_component(InferenceComponentName="I")

    assert described["InferenceComponentStatus"] == "Failed"
    assert described["FailureReason"] == "Could not find model m."


def test_serverless_variant_tells_of_no_instances() -> None:
    """It has a count of instances, which is 0."""
    account = Account()
    account.serve(serverless())

    (described,) = account.describe()["ProductionVariants"]

    assert described["CurrentInstanceCount"] == 0
    assert "DesiredInstanceCount" not in described
