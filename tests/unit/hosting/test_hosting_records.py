"""What the hosting simulator describes of resources beyond the request: ARNs, tags, images, times, defaults."""

from __future__ import annotations

import itertools

import pytest

from deployer.json_document import Document
from tests.unit.hosting.account import ARN, Account, blue_green, images, instances, refused, rolling, variant


def test_names_are_in_lower_case_in_arns() -> None:
    """SageMaker keeps the case of a name, and loses it in the ARN of whatever it hosts."""
    account = Account()
    account.create_model("Model-M")
    account.create_config("Config-C", variant(ModelName="Model-M"))
    account.create_endpoint("Endpoint-E", "Config-C")
    client = account.sagemaker

    arns = [
        client.describe_model(ModelName="Model-M")["ModelArn"],
        client.describe_endpoint_config(EndpointConfigName="Config-C")["EndpointConfigArn"],
        client.describe_endpoint(EndpointName="Endpoint-E")["EndpointArn"],
    ]

    assert arns == [f"{ARN}model/model-m", f"{ARN}endpoint-config/config-c", f"{ARN}endpoint/endpoint-e"]


@pytest.mark.parametrize("arn", [f"{ARN}model/n", f"{ARN}endpoint/m", f"{ARN}model/M"])
@pytest.mark.parametrize(
    ("operation", "more"),
    [("add_tags", {"Tags": [{"Key": "k", "Value": "v"}]}), ("list_tags", {}), ("delete_tags", {"TagKeys": ["k"]})],
    ids=["AddTags", "ListTags", "DeleteTags"],
)
def test_arn_of_nothing_has_no_tags(arn: str, operation: str, more: Document) -> None:
    """Tags are of resources that exist."""
    account = Account()
    account.create_model()

    said = refused(getattr(account.sagemaker, operation), ResourceArn=arn, **more)

    assert said == ("ValidationException", "Resource does not exist.")


def test_tags_go_with_their_resource() -> None:
    """A deleted resource has no tags, and a new one of the same name starts with its own."""
    account = Account()
    account.create_model()
    arn = f"{ARN}model/m"
    account.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "k", "Value": "v"}])

    account.sagemaker.delete_model(ModelName="m")
    said = refused(account.sagemaker.list_tags, ResourceArn=arn)
    account.create_model()

    assert said[1] == "Resource does not exist."
    assert account.sagemaker.list_tags(ResourceArn=arn)["Tags"] == []


def test_endpoint_shows_the_images_that_it_runs() -> None:
    """The tag of an image is resolved when an update begins, and what an image is named by its digest stays so."""
    account = Account()
    account.serve()
    created = account.describe()["CreationTime"]
    account.create_model("n", Image="registry/n@sha256:0123")
    account.update()
    account.clock.sleep(100_000)

    after = account.describe()["ProductionVariants"][0]["DeployedImages"]

    assert images("m", created) != after
    assert [(each["SpecifiedImage"], each["ResolvedImage"]) for each in after] == [("registry/n@sha256:0123",) * 2]
    assert after[0]["ResolutionTime"] > created


def test_described_resources_have_defaults() -> None:
    """DescribeModel and DescribeEndpointConfig show members that nobody requested."""
    account = Account()
    account.create_model()
    account.create_config()

    model = account.sagemaker.describe_model(ModelName="m")
    config = account.sagemaker.describe_endpoint_config(EndpointConfigName="c")

    assert (model["EnableNetworkIsolation"], config["EnableNetworkIsolation"]) == (False, False)
    assert config["ProductionVariants"][0]["InitialVariantWeight"] == 1.0


def test_nothing_is_changed_before_it_is_created() -> None:
    """On a clock that never stands still, an endpoint's LastModifiedTime is no earlier than its CreationTime."""
    account = Account()
    ticks = itertools.count()
    account.clock.now = lambda: 1_790_000_000.0 + next(ticks)  # type: ignore[method-assign]
    account.create_model()
    account.create_config()
    account.create_endpoint()

    described = account.describe()

    assert described["CreationTime"] <= described["LastModifiedTime"]


@pytest.mark.parametrize(
    "deployment",
    [
        blue_green("CANARY", CanarySize=instances(1)),
        blue_green("LINEAR", LinearStepSize=instances(1)),
        rolling(instances(1)),
    ],
    ids=["canary", "linear", "rolling"],
)
def test_fleet_that_is_scaled_to_zero_is_updated_by_instances(deployment: Document) -> None:
    """No part of no instances is too large or too small."""
    account = Account()
    account.serve()
    none = [{"VariantName": "A", "DesiredInstanceCount": 0}]
    account.sagemaker.update_endpoint_weights_and_capacities(EndpointName="e", DesiredWeightsAndCapacities=none)

    account.update(deployment, RetainAllVariantProperties=True)
    account.clock.sleep(100_000)

    assert account.state == ("InService", "d")
    assert account.describe()["ProductionVariants"][0]["CurrentInstanceCount"] == 0
