"""What SageMaker's syntax takes is accepted, and names that are known otherwise may be left out."""

from __future__ import annotations

import pytest

from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.request.allowances import Allowances
from deployer.request.model import read_request
from deployer.request.service_model import check_shape, operation_input, sagemaker
from tests.unit.accepted_samples import ACCEPTED
from tests.unit.request_samples import request, variant
from tests.unit.service_values import every_member


@pytest.mark.parametrize("document", ACCEPTED.values(), ids=ACCEPTED)
def test_requests_of_sagemaker_s_documentation_are_accepted(document: Document) -> None:
    """Requests from SageMaker's documentation are right as they are."""
    assert read_request(document).endpoint_name == "churn"


@pytest.mark.parametrize(
    ("document", "names"),
    [
        pytest.param(request(variant()), [("AllTraffic", "model")], id="one variant"),
        pytest.param(request(variant(), Models={"m": {"PrimaryContainer": {}}}), [("AllTraffic", "m")], id="one model"),
        pytest.param(
            request(variant(ModelName="x"), variant(ModelName="y")), [("x", "x"), ("y", "y")], id="several variants"
        ),
    ],
)
def test_names_that_follow_from_others_may_be_left_out(document: Document, names: list[tuple[str, str]]) -> None:
    """The only variant is AllTraffic, the only model is meant, and several variants are called like their models."""
    config = read_request(document).endpoint_config

    assert config is not None
    assert [(each["VariantName"], each["ModelName"]) for each in config["ProductionVariants"]] == names


def test_a_folder_names_the_endpoint() -> None:
    """A manifest need not repeat the name of its folder, and must not contradict it."""
    assert read_request({}, endpoint_name="churn").endpoint_name == "churn"
    with pytest.raises(
        InvalidRequestError, match="EndpointName: 'other' contradicts where the request comes from, 'churn'"
    ):
        read_request({"EndpointName": "other"}, endpoint_name="churn")


def test_newer_values_can_be_let_through() -> None:
    """An instance type that this botocore does not list is left to SageMaker's check, if the stack says so."""
    document = request(variant(InstanceType="ml.m99.large"))

    assert read_request(document, allowances=Allowances(open_enums=True))
    with pytest.raises(InvalidRequestError):
        read_request(document)


@pytest.mark.parametrize(
    "shape_name", [operation_input("CreateModel"), operation_input("CreateEndpointConfig"), "DeploymentConfig"]
)
def test_every_field_of_the_api_can_be_given(shape_name: str) -> None:
    """All fields of botocore's model are accepted, so a new botocore brings its new fields by itself."""
    value = every_member(sagemaker().shape_for(shape_name))

    assert check_shape(shape_name, value, "") == []
