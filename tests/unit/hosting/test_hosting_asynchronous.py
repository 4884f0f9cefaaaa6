"""The hosting simulator answers asynchronous requests with an object in S3."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deployer.json_document import Document
from local.simulator import Settings
from tests.unit.hosting.account import Account, Storage, refused

OUTPUT = {"OutputConfig": {"S3OutputPath": "s3://b/answers", "S3FailurePath": "s3://b/failures/"}}


def asynchronous(storage: Storage | None = None, **settings: Any) -> Account:
    """Bring an asynchronous endpoint into service."""
    account = Account(options={"storage": storage}, settings=Settings(**settings))
    account.serve(AsyncInferenceConfig=OUTPUT)
    return account


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
