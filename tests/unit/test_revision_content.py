"""A revision is a complete request: what a request leaves out is filled in, and nothing else changes."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from typing import Any

import pytest

from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.planning.draft_state import Draft
from deployer.planning.plan import Action, Plan
from deployer.planning.revision import (
    Defaults,
    Store,
    build_revision,
    containers_without_data,
    name_revision,
)
from deployer.planning.revision_store import StoredRevision
from deployer.planning.rollback_alarms import with_whole_alarms
from deployer.request.model import DeploymentRequest, read_request
from deployer.request.service_model import check_shape, operation_input, sagemaker
from tests.unit.planning_samples import NOON, bare_draft
from tests.unit.request_samples import REGISTRY, ROLE, TWO_MODELS, request, variant, with_container
from tests.unit.revision_samples import ARTIFACT, DEFAULTS, DEPLOYING, EveryObject, build, digest_of
from tests.unit.service_values import every_member


def test_defaults_fill_in_missing_fields() -> None:
    content = build({}, ARTIFACT)

    assert content.request["Models"] == {
        "model": {
            "PrimaryContainer": {"Image": "registry/default:1", "ModelDataUrl": ARTIFACT.uri},
            "ExecutionRoleArn": DEFAULTS.execution_role_arn,
        }
    }
    assert content.request["EndpointConfig"]["ProductionVariants"] == [
        {
            "VariantName": "AllTraffic",
            "ModelName": "model",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 2,
            "InitialVariantWeight": 1,
        }
    ]


def test_default_variants_of_several_models_are_called_like_their_models() -> None:
    content = build({"Models": TWO_MODELS["Models"]})

    variants = content.request["EndpointConfig"]["ProductionVariants"]
    assert [(each["VariantName"], each["ModelName"]) for each in variants] == [
        ("champion", "champion"),
        ("challenger", "challenger"),
    ]


def test_fields_of_a_request_are_not_replaced_by_defaults() -> None:
    model = {"PrimaryContainer": {"Image": f"{REGISTRY}/churn:1"}, "ExecutionRoleArn": ROLE}
    document = {"Models": {"m": model}, "EndpointConfig": {"ProductionVariants": [variant(InstanceType="ml.c5.large")]}}

    found = build(document).request

    assert found["Models"] == {"m": model}
    assert found["EndpointConfig"]["ProductionVariants"][0]["InstanceType"] == "ml.c5.large"


def test_every_container_without_an_image_gets_the_default() -> None:
    package = "arn:aws:sagemaker:us-east-1:111122223333:model-package/p/1"
    containers: list[Document] = [{"Image": "registry/own:1"}, {"Environment": {"A": "1"}}]

    found = build({"Models": {"m": {"Containers": [*containers, {"ModelPackageName": package}]}}}).request

    assert found["Models"]["m"]["Containers"] == [
        {"Image": "registry/own:1"},
        {"Environment": {"A": "1"}, "Image": "registry/default:1"},
        {"ModelPackageName": package},
    ]
    assert "PrimaryContainer" not in found["Models"]["m"]


def test_model_without_containers_gets_one() -> None:
    found = build({"Models": {"m": {"EnableNetworkIsolation": True}}}, ARTIFACT).request["Models"]["m"]

    assert found["PrimaryContainer"] == {"Image": "registry/default:1", "ModelDataUrl": ARTIFACT.uri}


def test_request_itself_is_not_changed() -> None:
    checked = read_request(request(Models={"m": {"PrimaryContainer": {}}}))
    before = copy.deepcopy(checked.document())
    objects: Any = EveryObject()

    build_revision(checked, NOON, ARTIFACT, DEFAULTS, Store(objects, "artifacts", "all"))

    assert checked.document() == before


def test_missing_defaults_are_all_named_at_once() -> None:
    models = {"a": {"PrimaryContainer": {}}, "b": {"Containers": [{"Image": "registry/b:1"}, {}]}}

    with pytest.raises(InvalidRequestError) as rejected:
        build({"Models": models}, defaults=Defaults(ROLE))

    assert str(rejected.value).splitlines() == [
        "Models.a.PrimaryContainer.Image: is missing, and the stack has no DefaultImage",
        "Models.b.Containers[1].Image: is missing, and the stack has no DefaultImage",
        "EndpointConfig.ProductionVariants[0].InstanceType: is missing, and the stack has no DefaultInstanceType",
    ]


@pytest.mark.parametrize("copy_artifacts", ["none", "uploads", "all"])
@pytest.mark.parametrize("document", DEPLOYING.values(), ids=DEPLOYING)
def test_complete_request_is_one_that_can_be_requested(document: Document, copy_artifacts: str) -> None:
    """A stored request that is given to the deployer by hand is checked like any other."""
    content = build(document, ARTIFACT, copy_artifacts=copy_artifacts)

    again = read_request(content.request).document()
    assert with_whole_alarms(again, {}) == content.request


@pytest.mark.parametrize("copy_artifacts", ["none", "uploads", "all"])
@pytest.mark.parametrize("document", DEPLOYING.values(), ids=DEPLOYING)
def test_stored_request_is_deployed_again_with_equal_content(document: Document, copy_artifacts: str) -> None:
    first = build(document, ARTIFACT, copy_artifacts=copy_artifacts)
    stored = StoredRevision(
        revision=str(first.revision),
        endpoint_name="churn",
        requested_at=NOON,
        request_id="event-1",
        execution="arn",
        request=first.request,
        model_names=first.model_names,
        data=first.data,
    )

    read = StoredRevision.parse(stored.to_json())
    again = name_revision(read.request, NOON + timedelta(hours=1), read.data)

    assert digest_of(again) == digest_of(first)
    assert again.revision != first.revision
    assert (again.model_names, again.request) == (first.model_names, first.request)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param({}, True, id="nothing but a name"),
        pytest.param(with_container(Image="i"), True, id="a container without data"),
        pytest.param(with_container(ModelDataUrl="s3://b/k"), False, id="a container with data"),
        pytest.param(with_container(Mode="MultiModel", ModelDataUrl="s3://b/k/"), False, id="a multi-model container"),
        pytest.param(request(variant(ModelName="theirs")), False, id="a model in SageMaker"),
        pytest.param(
            request(Models={"m": {"Containers": [{"ModelDataUrl": "s3://b/k"}, {"Image": "i"}]}}),
            True,
            id="one of two containers",
        ),
    ],
)
def test_container_without_data_needs_the_artifact(document: Document, *, expected: bool) -> None:
    assert bool(containers_without_data(read_request({"EndpointName": "churn", **document}))) is expected


def test_every_field_arrives_unchanged() -> None:
    """All fields of the service model go to SageMaker unchanged, except names and tags."""
    shapes = {kind: sagemaker().shape_for(operation_input(f"Create{kind}")) for kind in ("Model", "EndpointConfig")}
    model, config = (every_member(shape) for shape in shapes.values())
    del model["ModelName"], config["EndpointConfigName"]
    checked = DeploymentRequest.model_construct(endpoint_name="churn", models={"m": model}, endpoint_config=config)
    objects: Any = EveryObject()

    content = build_revision(checked, NOON, None, DEFAULTS, Store(objects, "artifacts", "none"))

    plan = Plan.of(Draft.of_run(bare_draft({}), content), Action.CREATE, 60)
    (made,) = plan.model_requests(NOON)
    for given_part, request_part in ((model, made), (config, plan.endpoint_config_request(NOON))):
        untagged = {member: value for member, value in given_part.items() if member != "Tags"}
        assert untagged.items() <= request_part.items()
        assert not check_shape(operation_input("CreateModel"), made, "")


def test_content_is_json() -> None:
    content = build(TWO_MODELS, ARTIFACT, copy_artifacts="all")

    assert json.loads(json.dumps(content.request)) == content.request
