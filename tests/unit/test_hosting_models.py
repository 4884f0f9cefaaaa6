"""What the hosting simulator's endpoints answer: real models, broken ones, and slow ones."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deployer.json_document import Document
from local.simulator import Settings
from local.simulator.model_server import BrokenModelError, ModelServer
from tests.unit.hosting_account import (
    ROLE,
    WAIT,
    Account,
    Clock,
    Storage,
    archive,
    blue_green,
    model_servers,
    refused,
    variant,
)

ADDER = """
def model_fn(model_dir):
    return 40

def predict_fn(data, model):
    return [sum(row) + model for row in data]
"""


def with_artifact(content: bytes) -> Account:
    """Make an account whose S3 holds one artifact, and an endpoint of it."""
    account = Account(options={"storage": Storage({"s3://b/model.tar.gz": content})})
    account.create_model("m", ModelDataUrl="s3://b/model.tar.gz")
    account.create_config()
    account.create_endpoint()
    account.clock.sleep(account.settings.create_seconds)
    return account


def test_an_endpoint_really_answers() -> None:
    """The artifact's own script loads the model and predicts; what it raises is a ModelError."""
    account = with_artifact(archive(ADDER))
    try:
        answer = account.runtime.invoke_endpoint(EndpointName="e", Body=b"1,1\n2,0.5", ContentType="text/csv")
        error = refused(account.runtime.invoke_endpoint, EndpointName="e", Body=b"one", ContentType="text/csv")
    finally:
        account.simulator.close()

    assert json.loads(answer["Body"].read()) == [42.0, 42.5]
    assert error[0] == "ModelError"
    assert "could not convert string to float" in error[1]


def test_a_slow_start_takes_nothing_off_the_next_stage() -> None:
    """A stage is as long as its policy says, from the moment at which the new fleet's servers are up."""
    clock, start_seconds = Clock(), 100.0

    class SlowStorage(Storage):
        """S3 from which reading takes time."""

        def read(self, bucket: str, key: str, role: str) -> bytes:
            """Return an object."""
            clock.sleep(start_seconds)
            return super().read(bucket, key, role)

    storage = SlowStorage({"s3://b/model.tar.gz": archive(ADDER)})
    account = Account(clock=clock, options={"storage": storage})
    account.serve()
    account.create_model("n", ModelDataUrl="s3://b/model.tar.gz")
    began, settings = clock.now(), account.settings
    account.update(blue_green("ALL_AT_ONCE"))

    pause = settings.stage_seconds
    try:
        seen = [new for _, _, new in account.stages(pause)]
    finally:
        account.simulator.close()

    assert seen == ["Creating", "ActivatingTraffic", "Baking", "", ""]
    # The last look was followed by one more pause.
    assert clock.now() - pause - began == settings.update_seconds + start_seconds + pause + WAIT + pause


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(
            b"no archive", 'Failed to extract model data archive from URL "s3://b/model.tar.gz".', id="no archive"
        ),
        pytest.param(archive("import nothing_like_it"), "did not pass the ping health check", id="broken script"),
        pytest.param(archive("def model_fn(d): raise ValueError"), "did not pass the ping health check", id="no model"),
    ],
)
def test_a_model_that_cannot_be_served_fails_its_endpoint(content: bytes, reason: str) -> None:
    """The endpoint ends as Failed, for the reason that SageMaker gives."""
    account = with_artifact(content)

    described = account.describe()

    assert described["EndpointStatus"] == "Failed"
    assert reason in described["FailureReason"]


def test_an_invocation_is_answered_by_the_fleet_that_it_reached() -> None:
    """A fleet that is ended while a model still answers ends after that, and not before."""
    slow = archive("import time\ndef model_fn(d): return 0\ndef predict_fn(d, m): time.sleep(0.5); return [m]")
    account = with_artifact(slow)
    account.simulator.catch_up()
    answers: list[Any] = []
    request = {"EndpointName": "e", "Body": b"{}"}
    caller = threading.Thread(target=lambda: answers.append(account.simulator.invoke(request)))
    caller.start()
    server = model_servers(account)[0]
    while not server._asked:
        time.sleep(0.01)

    account.sagemaker.delete_endpoint(EndpointName="e")
    account.clock.sleep(account.settings.delete_seconds)
    gone = refused(account.describe)
    caller.join()

    assert gone[1].startswith("Could not find endpoint ")
    assert json.loads(answers[0]["Body"]) == [0]
    assert server._process.poll() is not None, "it has ended since"


def test_a_late_answer_is_not_taken_for_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """SageMaker waits for a container only so long; what it says afterwards is passed over."""
    script = "import time\ndef model_fn(d): return 0\ndef predict_fn(d, m): time.sleep(d[0]); return d"
    server = ModelServer(archive(script), "s3://b/model.tar.gz", "A")
    monkeypatch.setattr("local.simulator.model_server.ANSWER_SECONDS", 0.1)

    late = server.answer(b"[1]", "application/json", "application/json")
    monkeypatch.undo()
    next_one = server.answer(b"[0]", "application/json", "application/json")
    server.stop()
    dead = server.answer(b"[0]", "application/json", "application/json")

    assert (late.status, next_one.body, dead.status) == (0, b"[0]", 0)
    assert b"timed out" in late.body


def test_what_a_model_prints_is_its_log() -> None:
    """A traceback of loading and of predicting is there by the time that it matters."""
    script = "print('loading')\ndef model_fn(d): return 0\ndef predict_fn(d, m): return 1 / d[0]"
    lines: list[str] = []
    server = ModelServer(archive(script), "s3://b/model.tar.gz", "A", lines.append)

    server.answer(b"[0]", "application/json", "application/json")
    server.stop()

    assert lines[0] == "loading"
    assert lines[-1] == "ZeroDivisionError: division by zero"


def test_model_that_does_not_load_leaves_its_traceback_in_its_log() -> None:
    lines: list[str] = []

    with pytest.raises(BrokenModelError):
        ModelServer(archive("def model_fn(d): raise KeyError('weights')"), "s3://b/k", "A", lines.append)

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


def test_what_is_broken_is_told_by_the_settings_of_now() -> None:
    """A model breaks and gets well without being deployed anew, and its neighbour is not touched."""
    account = Account()
    account.create_model("n")
    account.serve(variant(), variant(VariantName="B", ModelName="n"))

    account.simulator.settings = Settings(broken_models={"n": ""})
    neighbour = account.invoke(TargetVariant="A")
    broken = refused(account.invoke, TargetVariant="B")
    account.simulator.settings = Settings()

    assert neighbour["Model"] == "m"
    assert broken[0] == "ModelError"
    assert account.invoke(TargetVariant="B")["Model"] == "n"


def test_a_slow_model_takes_its_time_and_keeps_nobody_waiting() -> None:
    """The time passes on the simulator's clock, and other calls are answered meanwhile."""
    account = Account(settings=Settings(answer_seconds={"m": 5.0}))
    account.serve()
    began = account.clock.now()
    meanwhile = []

    def sleep(seconds: float) -> None:
        other = threading.Thread(target=lambda: meanwhile.append(account.state))
        other.start()
        other.join(10)
        account.clock.seconds += seconds

    account.clock.sleep = sleep  # type: ignore[method-assign]
    answer = account.invoke()

    assert answer["Model"] == "m"
    assert account.clock.now() - began == 5.0
    assert meanwhile == [("InService", "c")]


def test_a_model_that_is_too_slow_has_not_answered() -> None:
    """SageMaker waits 60 seconds for a container, whatever the container does."""
    account = Account(settings=Settings(answer_seconds={"*": 61.0}))
    account.serve()
    began = account.clock.now()

    code, message = refused(account.invoke)

    assert code == "ModelError"
    assert message.startswith('Received server error (0) from primary with message "Your invocation timed out')
    assert account.clock.now() - began == 60.0


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
def test_some_models_have_to_be_told_which_part_answers(model: Document, header: dict[str, str], missing: str) -> None:
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
