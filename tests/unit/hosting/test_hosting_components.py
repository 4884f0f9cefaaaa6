"""The hosting simulator's inference components are created, answer by name, and are deleted."""

from __future__ import annotations

from typing import Any

import pytest

from deployer.json_document import Document
from local.simulator import Settings
from tests.unit.hosting.account import ARN, ROLE, Account, refused, variant

COMPONENT = {"InferenceComponentName": "I", "EndpointName": "e", "Specification": {"ModelName": "m"}}


def of_components(**settings: Any) -> Account:
    """Bring an endpoint into service that gets inference components."""
    account = Account(settings=Settings(**settings))
    account.create_model()
    bare = {member: value for member, value in variant().items() if member != "ModelName"}
    account.create_config("c", bare, ExecutionRoleArn=ROLE)
    account.create_endpoint()
    account.clock.sleep(account.settings.create_seconds)
    return account


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


def test_deleted_inference_component_does_not_exist() -> None:
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
def test_inference_component_needs_its_endpoint_variant_and_model(changed: Document, message: str) -> None:
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
