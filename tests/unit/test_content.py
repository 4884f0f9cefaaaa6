"""A request turned into the SageMaker requests that fulfil it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from deployer.aws.s3 import Artifact
from deployer.aws.sagemaker import holds
from deployer.errors import InvalidRequestError
from deployer.planning.revision import Defaults, Sources, compose, existing_models, model_data, needs_artifact
from deployer.request.model import DeploymentRequest, read_request
from deployer.request.service_model import operation_input, sagemaker
from tests.unit.service_values import every_member

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DEFAULTS = Defaults("arn:aws:iam::111122223333:role/r", "registry/default:1", "ml.m5.large", 2)
ARTIFACT = Artifact("artifacts", "models/churn/model.tar.gz", "v1")


def composed(document: dict[str, Any], sources: Sources | None = None, defaults: Defaults = DEFAULTS) -> Any:
    """Compose the content of a request."""
    request = read_request({"EndpointName": "churn", **document})
    return compose(request, NOON, defaults, sources or Sources(), {"stack": "s"})


def test_defaults_fill_in_what_a_request_leaves_out() -> None:
    """Image, role, instances and model data come from the stack and the upload."""
    content = composed({}, Sources(ARTIFACT, {ARTIFACT.uri: "v1"}))

    assert content.models[0]["PrimaryContainer"] == {"ModelDataUrl": ARTIFACT.uri, "Image": "registry/default:1"}
    assert content.models[0]["ExecutionRoleArn"] == DEFAULTS.execution_role_arn
    assert content.endpoint_config["ProductionVariants"] == [
        {
            "VariantName": "AllTraffic",
            "ModelName": content.models[0]["ModelName"],
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 2,
            "InitialVariantWeight": 1,
        }
    ]


@pytest.mark.parametrize(
    ("defaults", "named"),
    [
        (Defaults("r", "", "ml.m5.large"), "Models.model.PrimaryContainer.Image: is missing"),
        (Defaults("r", "i", ""), "EndpointConfig.ProductionVariants[0].InstanceType: is missing"),
    ],
    ids=["image", "instance type"],
)
def test_what_the_stack_has_no_default_for_must_be_said(defaults: Defaults, named: str) -> None:
    """The problem names the field, and the parameter that would fill it in."""
    with pytest.raises(InvalidRequestError) as rejected:
        composed({}, defaults=defaults)

    assert named in str(rejected.value)
    assert "the stack has no Default" in str(rejected.value)


def test_the_same_content_has_the_same_digest_at_any_time() -> None:
    """Time is in a revision's name, and content alone in its digest; tags of ours are no content."""
    request = read_request({"EndpointName": "churn"})
    first = compose(request, NOON, DEFAULTS, Sources(), {"run": "1"})
    again = compose(request, NOON.replace(hour=13), DEFAULTS, Sources(), {"run": "2"})

    assert first.revision.digest == again.revision.digest
    assert first.revision.name < again.revision.name
    assert first.models[0]["ModelName"] == again.models[0]["ModelName"]


@pytest.mark.parametrize(
    "changed",
    [
        {"Tags": {"team": "growth"}},
        {"EndpointConfig": {"ProductionVariants": [{"InstanceType": "ml.c5.large", "InitialInstanceCount": 1}]}},
        {"Models": {"model": {"PrimaryContainer": {"Image": "registry/other:1"}}}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_other_content_has_another_digest(changed: dict[str, Any]) -> None:
    """Whatever would be different in SageMaker makes another revision."""
    assert composed({}).revision.digest != composed(changed).revision.digest


def test_another_version_of_an_artifact_is_another_model() -> None:
    """An object that was overwritten has the same URI and is other content."""
    names = {
        composed({}, Sources(ARTIFACT, {ARTIFACT.uri: version})).models[0]["ModelName"] for version in ("v1", "v2")
    }

    assert len(names) == 2


def test_models_that_exist_are_left_alone() -> None:
    """A name that is no key of Models is SageMaker's, and is looked up under its path."""
    variants = [{"ModelName": "theirs", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}]
    request = read_request({"EndpointName": "churn", "EndpointConfig": {"ProductionVariants": variants}})

    content = compose(request, NOON, DEFAULTS, Sources(), {})

    assert list(existing_models(request)) == [("EndpointConfig.ProductionVariants[0].ModelName", "theirs")]
    assert content.models == []
    assert content.endpoint_config["ProductionVariants"][0]["ModelName"] == "theirs"
    assert not needs_artifact(request)


def test_a_tag_of_a_model_wins_over_one_of_the_request() -> None:
    """The more specific tag stays."""
    content = composed(
        {"Tags": {"a": "1"}, "Models": {"m": {"PrimaryContainer": {}, "Tags": [{"Key": "a", "Value": "2"}]}}}
    )

    assert {"Key": "a", "Value": "2"} in content.models[0]["Tags"]
    assert {"Key": "a", "Value": "1"} in content.endpoint_config["Tags"]


def test_all_places_that_name_data_are_found() -> None:
    """Wherever a model names S3 data, they are looked up before anything is created."""
    source = {"S3DataSource": {"S3Uri": "s3://b/folder/", "S3DataType": "S3Prefix", "CompressionType": "None"}}
    model = {
        "PrimaryContainer": {
            "ModelDataUrl": "s3://b/m.tar.gz",
            "AdditionalModelDataSources": [{"ChannelName": "c", **source}],
        },
        "Containers": [{"ModelDataSource": source}, {"ModelDataUrl": "s3://b/all/", "Mode": "MultiModel"}],
    }

    found = [(data.path, data.uri, data.is_prefix) for data in model_data(model, "M")]

    assert found == [
        ("M.PrimaryContainer.ModelDataUrl", "s3://b/m.tar.gz", False),
        ("M.PrimaryContainer.AdditionalModelDataSources[0].S3DataSource.S3Uri", "s3://b/folder/", True),
        ("M.Containers[0].ModelDataSource.S3DataSource.S3Uri", "s3://b/folder/", True),
        ("M.Containers[1].ModelDataUrl", "s3://b/all/", True),
    ]


def test_every_field_arrives_as_it_was_written() -> None:
    """Whatever botocore's model has goes through to the service unchanged, but for the names that we give."""
    shapes = {kind: sagemaker().shape_for(operation_input(f"Create{kind}")) for kind in ("Model", "EndpointConfig")}
    model, config = (every_member(shape) for shape in shapes.values())
    del model["ModelName"], config["EndpointConfigName"]
    request = DeploymentRequest.model_construct(
        endpoint_name="churn", models={"m": model}, endpoint_config=config, deployment_config=None, tags={}
    )

    content = compose(request, NOON, DEFAULTS, Sources(), {})

    for given, made in ((model, content.models[0]), (config, content.endpoint_config)):
        for member, value in given.items():
            assert holds(made[member], value) or member == "Tags", member
