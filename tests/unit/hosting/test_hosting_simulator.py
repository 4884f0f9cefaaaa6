"""The hosting simulator creates, names, describes and lists resources as SageMaker does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deployer.aws.classification import classify
from deployer.json_document import Document
from tests.unit.hosting.account import ARN, Account, images, refused, variant

if TYPE_CHECKING:
    from collections.abc import Callable


ASYNC = {"OutputConfig": {"S3OutputPath": "s3://b/answers"}}


def test_an_endpoint_comes_into_service_by_and_by(account: Account) -> None:
    """Creating takes its time; then the endpoint serves, with a summary of its variants."""
    account.create_model()
    account.create_config("c", variant(InitialInstanceCount=2, InitialVariantWeight=3))
    account.create_endpoint()

    assert account.describe()["EndpointStatus"] == "Creating"
    account.clock.sleep(account.settings.create_seconds)
    described = account.describe()

    assert described["EndpointStatus"] == "InService"
    assert described["EndpointConfigName"] == "c"
    assert described["LastModifiedTime"] > described["CreationTime"]
    assert described["ProductionVariants"][0]["CurrentWeight"] == 3
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 2


def test_creating_endpoint_shows_its_pending_config(account: Account) -> None:
    """Its only fleet is the one that is coming up."""
    account.create_model()
    account.create_config("c", variant(InitialInstanceCount=2), AsyncInferenceConfig=ASYNC)
    account.create_endpoint()

    described = account.describe()
    pending = described["PendingDeploymentSummary"]

    assert "ProductionVariants" not in described
    assert described["AsyncInferenceConfig"] == ASYNC
    assert pending["EndpointConfigName"] == "c"
    assert pending["ProductionVariants"] == [
        {
            "VariantName": "A",
            "DeployedImages": images("m", pending["StartTime"]),
            "CurrentWeight": 0.0,
            "DesiredWeight": 1.0,
            "CurrentInstanceCount": 0,
            "DesiredInstanceCount": 2,
            "InstanceType": "ml.m5.large",
            "VariantStatus": [{"Status": "Creating", "StartTime": pending["StartTime"]}],
        }
    ]


def test_names_of_endpoints_have_no_case(account: Account) -> None:
    """A name that differs in case only is taken, says the API of CreateEndpoint."""
    account.serve()

    said = refused(account.sagemaker.create_endpoint, EndpointName="E", EndpointConfigName="c")

    assert said == ("ValidationException", f'Cannot create already existing endpoint "{ARN}endpoint/e".')


Refusal = tuple[str, str, str, "Callable[[Account], Callable[..., Any]]", Document]
REFUSALS: dict[str, Refusal] = {
    "model exists": (
        "AlreadyExistsError",
        f'Cannot create already existing model "{ARN}model/m".',
        "CreateModel",
        lambda account: account.create_model,
        {},
    ),
    "config exists": (
        "AlreadyExistsError",
        f'Cannot create already existing endpoint configuration "{ARN}endpoint-config/c".',
        "CreateEndpointConfig",
        lambda account: account.create_config,
        {},
    ),
    "endpoint exists": (
        "EndpointExistsError",
        f'Cannot create already existing endpoint "{ARN}endpoint/e".',
        "CreateEndpoint",
        lambda account: account.create_endpoint,
        {},
    ),
    "config is in use": (
        "AlreadyAppliedError",
        'Cannot update endpoint with the currently in use endpoint configuration "c".',
        "UpdateEndpoint",
        lambda account: account.sagemaker.update_endpoint,
        {"EndpointName": "e", "EndpointConfigName": "c"},
    ),
    "endpoint is missing": (
        "EndpointMissingError",
        f'Could not find endpoint "{ARN}endpoint/none".',
        "UpdateEndpoint",
        lambda account: account.sagemaker.update_endpoint,
        {"EndpointName": "None", "EndpointConfigName": "c"},
    ),
    "config is missing": (
        "EndpointConfigNotVisibleError",
        f'Could not find endpoint configuration "{ARN}endpoint-config/x".',
        "CreateEndpoint",
        lambda account: account.sagemaker.create_endpoint,
        {"EndpointName": "f", "EndpointConfigName": "x"},
    ),
    "model is missing": (
        "ModelNotVisibleError",
        f'Could not find model "{ARN}model/x".',
        "DescribeModel",
        lambda account: account.sagemaker.describe_model,
        {"ModelName": "x"},
    ),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_names_are_taken_and_missing_in_the_services_words(account: Account, refusal: Refusal) -> None:
    """Every refusal reads as SageMaker's, and is classified as what it means."""
    error, message, operation, call, parameters = refusal
    account.serve()

    code, answered = refused(call(account), **parameters)

    assert answered == message
    assert classify(operation, code, answered).__name__ == error


def test_requests_are_checked_against_the_service_model(account: Account) -> None:
    """Enums and patterns, which botocore leaves to the service, are refused as the service does it."""
    code, message = refused(
        account.sagemaker.create_endpoint_config,
        EndpointConfigName="c",
        ProductionVariants=[variant(InstanceType="ml.x")],
    )

    assert code == "ValidationException"
    assert message.startswith(
        "1 validation error detected: Value 'ml.x' at 'productionVariants.1.member.instanceType' "
        "failed to satisfy constraint: Member must satisfy enum value set: ["
    )


def test_listings_are_filtered_sorted_and_paged(account: Account) -> None:
    """The newest comes first; names are found by a part; pages follow one another."""
    for name in ("churn-1", "fraud-1", "churn-2"):
        account.create_model(name)
        account.clock.sleep(1)

    pages = account.sagemaker.get_paginator("list_models").paginate(
        NameContains="churn", PaginationConfig={"PageSize": 1}
    )

    assert [[model["ModelName"] for model in page["Models"]] for page in pages] == [["churn-2"], ["churn-1"]]


def test_descriptions_have_the_defaults(account: Account) -> None:
    """A description has members that nobody asked for: network isolation, and the weights of variants."""
    account.create_model()
    account.create_config()

    model = account.sagemaker.describe_model(ModelName="m")
    config = account.sagemaker.describe_endpoint_config(EndpointConfigName="c")

    assert model["EnableNetworkIsolation"] is False
    assert config["EnableNetworkIsolation"] is False
    assert config["ProductionVariants"] == [{**variant(), "InitialVariantWeight": 1.0}]


def test_tags_are_set_listed_and_removed(account: Account) -> None:
    """Tags belong to an ARN; the same key is overwritten."""
    account.create_model()
    arn = f"{ARN}model/m"
    account.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    account.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "3"}])
    account.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["b"])

    assert account.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "3"}]
