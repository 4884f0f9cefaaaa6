"""What a revision is made of: a complete request, under names made from its content."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.aws.s3_objects import Artifact, Listing
from deployer.endpoint_config import model_names
from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.planning.keys import artifact_key
from deployer.planning.plan import Action, Plan
from deployer.planning.revision import (
    Defaults,
    RevisionContent,
    Store,
    build_revision,
    containers_without_data,
    name_revision,
)
from deployer.planning.revision_store import StoredData, StoredRevision
from deployer.request.model import DeploymentRequest, read_request
from deployer.request.service_model import check_shape, operation_input, sagemaker
from tests.unit.planning_samples import NOON, bare_draft, complete_request
from tests.unit.request_samples import ACCEPTED, REGISTRY, ROLE, TWO_MODELS, request, variant, with_container
from tests.unit.service_values import every_member

DEFAULTS = Defaults("arn:aws:iam::111122223333:role/default", "registry/default:1", "ml.m5.large", 2)
ARTIFACT = Artifact("artifacts", "models/churn/model.tar.gz", "v1", 5)
DEPLOYING = {name: document for name, document in ACCEPTED.items() if not document.get("Rollback")}


class EveryObject:
    """S3 in which everything is there that is asked for."""

    def __init__(self, version: str = "v1") -> None:
        self.version = version

    def find(self, bucket: str, key: str) -> Artifact:
        """Find an object."""
        return Artifact(bucket, key, self.version, 5)

    def find_any(self, _bucket: str, _prefix: str) -> bool:
        """Find something under a prefix."""
        return True

    def listing(self, bucket: str, prefix: str) -> Listing:
        """List one object under a prefix."""
        return Listing((Artifact(bucket, f"{prefix}weights", '"e"', 5),), self.version)


def build(  # noqa: PLR0913 - each may differ
    document: Document,
    artifact: Artifact | None = None,
    *,
    defaults: Defaults = DEFAULTS,
    version: str = "v1",
    copy_artifacts: str = "none",
    minutes: float = 0,
) -> RevisionContent:
    """Build what the revision of a request is made of, requested some minutes after noon."""
    objects: Any = EveryObject(version)
    store = Store(objects, "artifacts", copy_artifacts)
    checked = read_request({"EndpointName": "churn", **document})
    return build_revision(checked, NOON + timedelta(minutes=minutes), artifact, defaults, store)


def test_defaults_fill_in_what_a_request_leaves_out() -> None:
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


def test_what_a_request_says_is_not_replaced_by_defaults() -> None:
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


def test_request_itself_is_left_as_it_was() -> None:
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

    assert read_request(content.request).document() == content.request


@pytest.mark.parametrize("copy_artifacts", ["none", "uploads", "all"])
@pytest.mark.parametrize("document", DEPLOYING.values(), ids=DEPLOYING)
def test_stored_request_is_deployed_again_with_equal_content(document: Document, copy_artifacts: str) -> None:
    first = build(document, ARTIFACT, copy_artifacts=copy_artifacts)
    stored = StoredRevision(
        revision=first.revision.name,
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

    assert again.revision.digest == first.revision.digest
    assert again.revision.name != first.revision.name
    assert (again.model_names, again.request) == (first.model_names, first.request)


def test_time_is_no_content() -> None:
    first, second = build({}), build({}, minutes=60)

    assert first.revision.digest == second.revision.digest
    assert first.revision.name < second.revision.name
    assert first.model_names == second.model_names


CHANGES: dict[str, Document] = {
    "instances": {"EndpointConfig": {"ProductionVariants": [variant(InstanceType="ml.c5.large")]}},
    "image": {"Models": {"model": {"PrimaryContainer": {"Image": "registry/other:1"}}}},
    "environment": {"Models": {"model": {"PrimaryContainer": {"Environment": {"A": "1"}}}}},
    "role": {"Models": {"model": {"PrimaryContainer": {}, "ExecutionRoleArn": ROLE}}},
}


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
def test_other_content_has_another_digest(changed: Document) -> None:
    assert build({}).revision.digest != build(changed).revision.digest


UNCHANGED: dict[str, Document] = {
    "guardrails": {"DeploymentConfig": TWO_MODELS["DeploymentConfig"]},
    "smoke test": {"SmokeTest": {"Body": "x"}},
    "retention": {"RetainAllVariantProperties": True},
    "tags": {"Tags": {"team": "growth"}},
    "tags of a model": {"Models": {"model": {"PrimaryContainer": {}, "Tags": [{"Key": "a", "Value": "1"}]}}},
    "tags of the config": {
        "EndpointConfig": {"ProductionVariants": [variant()], "Tags": [{"Key": "a", "Value": "1"}]},
    },
}


@pytest.mark.parametrize("changed", UNCHANGED.values(), ids=UNCHANGED)
def test_how_a_revision_is_deployed_and_whose_it_is_is_no_content(changed: Document) -> None:
    """Tags are changed in place."""
    plain = {"EndpointConfig": {"ProductionVariants": [variant()]}} if "EndpointConfig" in changed else {}
    first, second = build(plain), build(changed)

    assert (first.revision, first.model_names) == (second.revision, second.model_names)


FOLDER = {"S3Uri": "s3://b/f/", "S3DataType": "S3Prefix", "CompressionType": "None"}


@pytest.mark.parametrize("copy_artifacts", ["none", "uploads", "all"])
@pytest.mark.parametrize(
    "container",
    [
        pytest.param({}, id="the uploaded artifact"),
        pytest.param({"ModelDataUrl": "s3://data/model.tar.gz"}, id="an object elsewhere"),
        pytest.param(
            {"ModelDataSource": {"S3DataSource": FOLDER}},
            id="a folder",
        ),
    ],
)
def test_other_version_of_the_data_is_another_model(container: Document, copy_artifacts: str) -> None:
    """Data that were overwritten have the same URI and are other content."""
    document = with_container(**container)

    names = {
        build(
            document, Artifact("artifacts", ARTIFACT.key, version), version=version, copy_artifacts=copy_artifacts
        ).model_names["m"]
        for version in ("v1", "v2")
    }

    assert len(names) == 2


def test_content_of_a_multi_model_folder_is_no_content_of_the_revision() -> None:
    """Its models come and go while the endpoint serves."""
    document = with_container(Mode="MultiModel", ModelDataUrl="s3://data/all/")

    first, second = (build(document, version=version) for version in ("v1", "v2"))

    assert first.model_names == second.model_names


def test_version_of_a_copy_is_in_its_url_and_nowhere_else() -> None:
    """So a rollback, which names the copy, has the same digest."""
    content = build({}, ARTIFACT, copy_artifacts="uploads")
    key = artifact_key("churn", ARTIFACT.uri, "v1")

    assert content.request["Models"]["model"]["PrimaryContainer"]["ModelDataUrl"] == f"s3://artifacts/{key}"
    assert [(each.target, each.version) for each in content.copies] == [(key, "v1")]
    assert name_revision(content.request, NOON, ()).model_names == content.model_names


def test_version_counts_for_the_model_that_names_the_data_alone() -> None:
    models = {"a": {"PrimaryContainer": {"Image": "i"}}, "b": {"PrimaryContainer": {"Image": "i"}}}
    data = [
        [StoredData(path="Models.a.PrimaryContainer.ModelDataUrl", uri="s3://b/k", version=version)]
        for version in ("v1", "v2")
    ]

    first, second = (name_revision(complete_request(Models=models), NOON, each).model_names for each in data)

    assert first["a"] != second["a"]
    assert first["b"] == second["b"]


def shuffled(value: Any, data: st.DataObject) -> Any:
    """Write a document with its members in another order."""
    if isinstance(value, dict):
        return {key: shuffled(value[key], data) for key in data.draw(st.permutations([*value]))}
    return [shuffled(entry, data) for entry in value] if isinstance(value, list) else value


@given(document=st.sampled_from([*DEPLOYING.values()]), data=st.data())
def test_order_of_members_changes_no_name(document: Document, data: st.DataObject) -> None:
    first, second = build(document, ARTIFACT), build(shuffled(document, data), ARTIFACT)

    assert first.revision == second.revision
    assert first.model_names == second.model_names


def test_models_that_are_in_sagemaker_already_keep_their_names() -> None:
    content = build(request(variant(ModelName="theirs")))
    plan = Plan.of(bare_draft({}).with_content(content), Action.CREATE, 60)

    assert content.model_names == {}
    assert model_names(plan.endpoint_config_request(NOON)) == ["theirs"]


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


def test_every_field_arrives_as_it_was_written() -> None:
    """Whatever the service model has goes to SageMaker unchanged, but for names and tags."""
    shapes = {kind: sagemaker().shape_for(operation_input(f"Create{kind}")) for kind in ("Model", "EndpointConfig")}
    model, config = (every_member(shape) for shape in shapes.values())
    del model["ModelName"], config["EndpointConfigName"]
    checked = DeploymentRequest.model_construct(endpoint_name="churn", models={"m": model}, endpoint_config=config)
    objects: Any = EveryObject()

    content = build_revision(checked, NOON, None, DEFAULTS, Store(objects, "artifacts", "none"))

    plan = Plan.of(bare_draft({}).with_content(content), Action.CREATE, 60)
    (made,) = plan.model_requests(NOON)
    for given_part, request_part in ((model, made), (config, plan.endpoint_config_request(NOON))):
        untagged = {member: value for member, value in given_part.items() if member != "Tags"}
        assert untagged.items() <= request_part.items()
        assert not check_shape(operation_input("CreateModel"), made, "")


def test_content_is_json() -> None:
    content = build(TWO_MODELS, ARTIFACT, copy_artifacts="all")

    assert json.loads(json.dumps(content.request)) == content.request
