"""What the hosting simulator's endpoints answer: real models, broken ones, and which part of several."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deployer.json_document import Document
from local.simulator import Settings
from local.simulator.archive import pack_script
from local.simulator.model_server import BrokenModelError, ModelServer
from tests.unit.hosting.account import ROLE, Account, refused, variant
from tests.unit.hosting.hosting_models import ADDER, with_artifact


def test_endpoint_answers_invocations() -> None:
    """The artifact's own script loads the model and predicts; what it raises is a ModelError."""
    account = with_artifact(pack_script(ADDER))
    try:
        answer = account.runtime.invoke_endpoint(EndpointName="e", Body=b"1,1\n2,0.5", ContentType="text/csv")
        error = refused(account.runtime.invoke_endpoint, EndpointName="e", Body=b"one", ContentType="text/csv")
    finally:
        account.simulator.close()

    assert json.loads(answer["Body"].read()) == [42.0, 42.5]
    assert error[0] == "ModelError"
    assert "could not convert string to float" in error[1]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(
            b"no archive", 'Failed to extract model data archive from URL "s3://b/model.tar.gz".', id="no archive"
        ),
        pytest.param(pack_script("import nothing_like_it"), "did not pass the ping health check", id="broken script"),
        pytest.param(
            pack_script("def model_fn(d): raise ValueError"), "did not pass the ping health check", id="no model"
        ),
    ],
)
def test_a_model_that_cannot_be_served_fails_its_endpoint(content: bytes, reason: str) -> None:
    """The endpoint ends as Failed, for the reason that SageMaker gives."""
    account = with_artifact(content)

    described = account.describe()

    assert described["EndpointStatus"] == "Failed"
    assert reason in described["FailureReason"]


def test_output_of_a_model_is_its_log() -> None:
    """A traceback of loading and of predicting is there by the time that it matters."""
    script = "print('loading')\ndef model_fn(d): return 0\ndef predict_fn(d, m): return 1 / d[0]"
    lines: list[str] = []
    server = ModelServer(pack_script(script), "s3://b/model.tar.gz", "A", lines.append)

    server.answer(b"[0]", "application/json", "application/json")
    server.stop()

    assert lines[0] == "loading"
    assert lines[-1] == "ZeroDivisionError: division by zero"


def test_model_that_does_not_load_leaves_its_traceback_in_its_log() -> None:
    lines: list[str] = []

    with pytest.raises(BrokenModelError):
        ModelServer(pack_script("def model_fn(d): raise KeyError('weights')"), "s3://b/k", "A", lines.append)

    assert lines[-1] == "KeyError: 'weights'"


@pytest.mark.parametrize("part", ["m", "registry/m", "*"])
def test_a_broken_model_answers_every_invocation_with_an_error(part: str) -> None:
    """A ModelError carries the container's status and words; other models are not touched."""
    account = Account(settings=Settings(broken_models={part: "CUDA out of memory"}))
    account.serve()

    for _ in range(2):
        with pytest.raises(ClientError) as refusal:
            account.invoke()
        answer: Any = refusal.value.response
        account.clock.sleep(1)

    assert answer["Error"]["Code"] == "ModelError"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert (answer["OriginalStatusCode"], answer["OriginalMessage"]) == (500, "CUDA out of memory")
    assert answer["Error"]["Message"].startswith(
        'Received server error (500) from primary with message "CUDA out of memory". See https://us-east-1.console.'
    )


def test_current_settings_decide_which_models_are_broken() -> None:
    """A model fails and recovers without a deployment, and the model beside it is not changed."""
    account = Account()
    account.create_model("n")
    account.serve(variant(), variant(VariantName="B", ModelName="n"))

    account.simulator.settings = Settings(broken_models={"n": ""})
    other = account.invoke(TargetVariant="A")
    broken = refused(account.invoke, TargetVariant="B")
    account.simulator.settings = Settings()

    assert other["Model"] == "m"
    assert broken[0] == "ModelError"
    assert account.invoke(TargetVariant="B")["Model"] == "n"


def test_an_asynchronous_endpoint_is_not_invoked_synchronously() -> None:
    """It takes InvokeEndpointAsync only."""
    account = Account()
    account.serve(AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://b/answers"}})

    code, message = refused(account.invoke)

    assert code == "ValidationError"
    assert "InvokeEndpointAsync" in message


@pytest.mark.parametrize(
    ("model", "header", "missing"),
    [
        ({"PrimaryContainer": {"Image": "i", "Mode": "MultiModel"}}, {"TargetModel": "a.tar.gz"}, "target model"),
        (
            {
                "Containers": [{"Image": "i", "ContainerHostname": name} for name in "ab"],
                "InferenceExecutionConfig": {"Mode": "Direct"},
            },
            {"TargetContainerHostname": "a"},
            "target container",
        ),
    ],
    ids=["multi-model", "direct"],
)
def test_some_models_need_the_name_of_the_part_that_answers(
    model: Document, header: dict[str, str], missing: str
) -> None:
    """A multi-model container needs the model, containers that are invoked directly need one of them."""
    account = Account()
    account.sagemaker.create_model(ModelName="m", ExecutionRoleArn=ROLE, **model)
    account.create_config()
    account.create_endpoint()
    account.clock.sleep(account.settings.create_seconds)

    refusal = refused(account.invoke)
    answer = account.invoke(**header)

    assert refusal[0] == "ValidationError"
    assert missing in refusal[1]
    assert answer["Model"] == "m"
