"""The fields of a smoke test have the limits of SageMaker and of the function, and the model's needs."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from deployer.json_document import Document
from deployer.request.smoke_test import BODY_BYTES, SmokeTest
from deployer.request.smoke_test_rules import problems_of
from tests.unit.smoke_requests import smoke_test

pytestmark = pytest.mark.usefixtures("stack_of_a_function")

MODELS: dict[str, Document] = {
    "one": {"PrimaryContainer": {}},
    "many": {"PrimaryContainer": {"Mode": "MultiModel"}},
    "direct": {
        "InferenceExecutionConfig": {"Mode": "Direct"},
        "Containers": [{"ContainerHostname": "first"}, {"ContainerHostname": "second"}],
    },
}


def of_models(*names: str) -> Document:
    """Build an endpoint config whose variants are called like their models."""
    return {"ProductionVariants": [{"VariantName": name, "ModelName": name} for name in names]}


MODEL, HOSTNAME = "SmokeTest.TargetModel: ", "SmokeTest.TargetContainerHostname: "


@pytest.mark.parametrize(
    ("test", "config", "message"),
    [
        pytest.param({}, of_models("one"), "", id="one model"),
        pytest.param({"TargetModel": "a"}, of_models("many"), "", id="one of many models"),
        pytest.param({"TargetContainerHostname": "second"}, of_models("direct"), "", id="one of several containers"),
        pytest.param({"TargetModel": "a"}, of_models("theirs"), "", id="a model that is not known"),
        pytest.param(
            {"TargetVariant": "many", "TargetModel": "a"}, of_models("one", "many"), "", id="the variant of many models"
        ),
        pytest.param({"TargetVariant": "one"}, of_models("one", "many"), "", id="the other variant"),
        pytest.param(
            {}, of_models("many"), f"{MODEL}is missing; variant many has a MultiModel container", id="no model named"
        ),
        pytest.param(
            {"Streaming": True},
            of_models("many"),
            f"{MODEL}is missing; variant many has a MultiModel container: Streaming: true is not for it",
            id="a stream of no model",
        ),
        pytest.param(
            {"TargetModel": "a"},
            of_models("one"),
            f"{MODEL}is for MultiModel containers only, and variant one has none",
            id="a model of one",
        ),
        pytest.param(
            {"TargetModel": "a"},
            of_models("one", "many"),
            f"{MODEL}is for MultiModel containers only, and variant one has none",
            id="variants of both kinds",
        ),
        pytest.param(
            {},
            of_models("direct"),
            f"{HOSTNAME}is missing; variant direct has containers that are invoked directly: first, second",
            id="no container named",
        ),
        pytest.param(
            {"TargetContainerHostname": "secon"},
            of_models("direct"),
            f"{HOSTNAME}'secon' is not one of first, second; did you mean 'second'?",
            id="a misspelt container",
        ),
        pytest.param(
            {"TargetContainerHostname": "first"},
            of_models("one"),
            f"{HOSTNAME}is for containers that are invoked directly, and variant one has none",
            id="a container of one",
        ),
    ],
)
def test_field_of_a_smoke_test_is_required_by_its_model_and_refused_for_others(
    test: Document, config: Document, message: str
) -> None:
    found = [str(problem) for problem in problems_of(smoke_test(**test), config, MODELS)]

    assert len(found) == bool(message)
    assert all(line.startswith(message) for line in found)


@pytest.mark.parametrize(
    ("field", "most"),
    [
        ("Body", "x" * 16_384),
        ("ContentType", "x" * 1024),
        ("TargetModel", "x" * 1024),
        ("SessionId", "x" * 256),
        ("TargetContainerHostname", "x" * 63),
        ("Repetitions", 100),
        ("Expect.StatusCode", 599),
        ("Expect.MaxLatencyMilliseconds", 60_000),
        ("Expect.LatencyPercentile", 100),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
)
def test_fields_end_where_sagemaker_and_the_function_do(field: str, most: str | int) -> None:
    """The limit itself is taken, and nothing above it."""
    holder, _, name = field.rpartition(".")
    above = f"{most}x" if isinstance(most, str) else most + 1

    def document(value: object) -> Document:
        return {"Body": "1", **({holder: {name: value}} if holder else {name: value})}

    SmokeTest.model_validate(document(most))
    with pytest.raises(ValidationError, match=name):
        SmokeTest.model_validate(document(above))


@pytest.mark.parametrize(
    ("field", "least"),
    [
        ("Repetitions", 1),
        ("Expect.StatusCode", 100),
        ("Expect.MaxLatencyMilliseconds", 1),
        ("Expect.LatencyPercentile", 1),
    ],
)
def test_numbers_begin_where_they_make_sense(field: str, least: int) -> None:
    """The limit itself is taken, and nothing below it."""
    holder, _, name = field.rpartition(".")

    def document(value: int) -> Document:
        return {"Body": "1", **({holder: {name: value}} if holder else {name: value})}

    SmokeTest.model_validate(document(least))
    with pytest.raises(ValidationError, match=name):
        SmokeTest.model_validate(document(least - 1))


def test_body_in_s3_may_be_as_large_as_an_endpoint_accepts() -> None:
    """SageMaker takes 25 MB (SageMaker AI endpoints and quotas)."""
    assert BODY_BYTES == 25_000_000
