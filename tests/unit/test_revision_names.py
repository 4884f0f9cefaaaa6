"""The names of a revision are made from its content, and change only with it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.aws.s3_objects import Artifact
from deployer.endpoint_config import model_names
from deployer.json_document import Document
from deployer.planning.draft_state import Draft
from deployer.planning.keys import artifact_key
from deployer.planning.plan import Action, Plan
from deployer.planning.revision import (
    name_revision,
)
from deployer.planning.revision_store import StoredData
from tests.unit.planning_samples import NOON, bare_draft, complete_request
from tests.unit.request_samples import ROLE, TWO_MODELS, request, variant, with_container
from tests.unit.revision_samples import ARTIFACT, DEPLOYING, build, digest_of


def test_time_is_not_content() -> None:
    first, second = build({}), build({}, minutes=60)

    assert digest_of(first) == digest_of(second)
    assert str(first.revision) < str(second.revision)
    assert first.model_names == second.model_names


CHANGES: dict[str, Document] = {
    "instances": {"EndpointConfig": {"ProductionVariants": [variant(InstanceType="ml.c5.large")]}},
    "image": {"Models": {"model": {"PrimaryContainer": {"Image": "registry/other:1"}}}},
    "environment": {"Models": {"model": {"PrimaryContainer": {"Environment": {"A": "1"}}}}},
    "role": {"Models": {"model": {"PrimaryContainer": {}, "ExecutionRoleArn": ROLE}}},
}


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
def test_other_content_has_another_digest(changed: Document) -> None:
    assert digest_of(build({})) != digest_of(build(changed))


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
def test_guardrails_and_owner_are_not_content(changed: Document) -> None:
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


def test_multi_model_folder_is_not_part_of_the_digest() -> None:
    """Its models come and go while the endpoint serves."""
    document = with_container(Mode="MultiModel", ModelDataUrl="s3://data/all/")

    first, second = (build(document, version=version) for version in ("v1", "v2"))

    assert first.model_names == second.model_names


def test_version_of_a_copy_is_in_its_url_and_nowhere_else() -> None:
    """A rollback, which names the copy, has the same digest."""
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
    plan = Plan.of(Draft.of_run(bare_draft({}), content), Action.CREATE, 60)

    assert content.model_names == {}
    assert model_names(plan.endpoint_config_request(NOON)) == ["theirs"]
