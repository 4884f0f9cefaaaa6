"""The revisions of an endpoint: which was before, which may go, and how one is made anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.aws.s3 import Artifact
from deployer.aws.sagemaker import holds
from deployer.planning.history import content_again, older, own_tags, retired
from deployer.planning.names import Revision
from deployer.planning.revision import (
    EXECUTION_TAG,
    REVISION_TAG,
    STACK_TAG,
    UNPROVEN_TAG,
    Content,
    Defaults,
    Sources,
    compose,
)
from deployer.request.model import read_request
from deployer.request.rules import model_names
from deployer.request.service_model import check_shape, members_of, operation_input, sagemaker
from tests.unit.request_samples import ACCEPTED, with_container

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DEFAULTS = Defaults("arn:aws:iam::111122223333:role/r", "registry/default:1", "ml.m5.large", 2)
ARTIFACT = Artifact("artifacts", "models/churn/model.tar.gz", "v1")

DEPLOYING = {name: document for name, document in ACCEPTED.items() if not document.get("Rollback")}

revisions = st.lists(
    st.builds(
        lambda seconds, content: Revision.of("churn", NOON + timedelta(seconds=seconds), content),
        st.integers(0, 5),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=12,
    unique=True,
)
"""Some of one second, some of one content."""


def by_name(found: list[Revision]) -> dict[str, Revision]:
    """List revisions as SageMaker's adapter does."""
    return {revision.name: revision for revision in found}


@given(found=revisions, data=st.data())
def test_what_is_older_was_asked_for_before(found: list[Revision], data: st.DataObject) -> None:
    """The newest of them comes first; neither the live one nor a newer one is among them."""
    live = data.draw(st.sampled_from(found))

    names = list(older(by_name(found), live))

    assert names == [
        each.name for each in sorted(found, key=lambda each: each.order, reverse=True) if each.order < live.order
    ]
    assert live.name not in names


@given(found=revisions, retained=st.integers(0, 15), data=st.data())
def test_what_may_go_is_nothing_that_anyone_needs(found: list[Revision], retained: int, data: st.DataObject) -> None:
    """Neither the live revision, nor a newer one, nor a kept one, nor one of the newest that are retained."""
    live = data.draw(st.sampled_from(found))
    kept = data.draw(st.sets(st.sampled_from([each.name for each in found] + ["made by hand"])))

    going = retired(by_name(found), live, retained, kept)

    not_newer = sorted((each for each in found if each.order <= live.order), key=lambda each: each.order, reverse=True)
    safe = {live.name, *kept, *(each.name for each in not_newer[:retained])}
    assert set(going) == {each.name for each in not_newer} - safe
    assert len(going) == len(set(going))


@given(found=revisions, retained=st.integers(1, 15))
def test_retiring_ends(found: list[Revision], retained: int) -> None:
    """Of what stays nothing may go, and as many stay as there should."""
    live = max(found, key=lambda each: each.order)
    going = retired(by_name(found), live, retained, ())
    left = [each for each in found if each.name not in going]

    assert retired(by_name(left), live, retained, ()) == []
    assert len(left) == min(retained, len(found))


def test_the_live_one_need_not_be_among_those_that_are_listed() -> None:
    """A replica may not list it yet; it is no less live for that."""
    old = [Revision.of("churn", NOON + timedelta(minutes=each), each) for each in range(4)]
    live = Revision.of("churn", NOON + timedelta(hours=1), "live")

    assert retired(by_name(old), live, 3, ()) == [old[1].name, old[0].name]


def test_own_tags_are_those_of_the_request() -> None:
    """What the deployer and AWS add says how a resource came about, and not what it is."""
    tags = {"team": "growth", STACK_TAG: "s", REVISION_TAG: "r", UNPROVEN_TAG: "true", "aws:cloudformation:x": "y"}

    assert own_tags(tags) == {"team": "growth"}


def untagged(request: dict[str, Any]) -> dict[str, Any]:
    """Leave out the tags of what a request makes, which are no content."""
    return {member: value for member, value in request.items() if member != "Tags"}


def described(request: dict[str, Any], kind: str) -> dict[str, Any]:
    """Describe what a request made as SageMaker does: without its tags, and with more than was asked for."""
    members = sagemaker().operation_model(f"Describe{kind}").output_shape.members
    return {**dict.fromkeys(members.keys() - members_of(f"Create{kind}"), "added"), **untagged(request)}


def made_again(content: Content) -> Content:
    """Describe all that a revision is made of, and make it anew an hour later."""
    return content_again(
        content.revision.requested_again(NOON + timedelta(hours=1)),
        described(content.endpoint_config, "EndpointConfig"),
        [described(model, "Model") for model in content.models],
        {"team": "growth", EXECUTION_TAG: "again", REVISION_TAG: "again"},
    )


@pytest.mark.parametrize("document", DEPLOYING.values(), ids=DEPLOYING)
def test_a_revision_is_made_anew_with_equal_content(document: dict[str, Any]) -> None:
    """What SageMaker describes of it becomes the requests that made it, but for the time and the tags."""
    sources = Sources(ARTIFACT, {ARTIFACT.uri: "v1"})
    first = compose(read_request(document), NOON, DEFAULTS, sources, {EXECUTION_TAG: "first"})

    again = made_again(first)

    assert again.revision.digest == first.revision.digest
    assert again.revision.name != first.revision.name
    assert list(map(untagged, again.models)) == list(map(untagged, first.models))
    assert untagged(again.endpoint_config) == {
        **untagged(first.endpoint_config),
        "EndpointConfigName": again.revision.name,
    }
    assert model_names(again.endpoint_config) == model_names(first.endpoint_config)
    for request in (*again.models, again.endpoint_config):
        assert request["Tags"] == again.tags


@pytest.mark.parametrize("kind", ["Model", "EndpointConfig"])
def test_every_field_of_the_api_is_made_anew(kind: str) -> None:
    """Whatever botocore's model lets a request say, the description says too, in the same shape; but for the tags."""
    asked = sagemaker().shape_for(operation_input(f"Create{kind}")).members
    answer = sagemaker().operation_model(f"Describe{kind}").output_shape.members

    assert {name: shape.name for name, shape in asked.items() if name != "Tags"} == {
        name: shape.name for name, shape in answer.items() if name in asked
    }


def test_what_sagemaker_adds_by_itself_is_not_asked_for() -> None:
    """DescribeModel tells the place of the data twice, and CreateModel takes it once."""
    asked = {"Image": "registry/churn:1", "ModelDataUrl": "s3://artifacts/m.tar.gz"}
    source = {"S3Uri": "s3://artifacts/m.tar.gz", "S3DataType": "S3Object", "CompressionType": "Gzip"}
    told = {**asked, "Mode": "SingleModel", "Environment": {}, "ModelDataSource": {"S3DataSource": source}}
    package = {
        "ModelPackageName": "arn:aws:sagemaker:us-east-1:111122223333:model-package/p/1",
        "Environment": {"a": "b"},
    }

    content = content_again(
        Revision.of("churn", NOON, 1),
        {"ProductionVariants": [], "EnableNetworkIsolation": False},
        [
            {"ModelName": "m", "PrimaryContainer": told, "EnableNetworkIsolation": False},
            {"ModelName": "n", "Containers": [{**told, **package}, told]},
        ],
        {},
    )

    again = content.models[0]["PrimaryContainer"]
    assert again == {**asked, "Mode": "SingleModel", "Environment": {}}
    assert content.models[1]["Containers"] == [{"Mode": "SingleModel", **package}, again]
    assert holds(told, again)
    assert "EnableNetworkIsolation" not in content.endpoint_config
    assert not list(check_shape(operation_input("CreateModel"), content.models[0], ""))
    assert read_request(with_container(**again))


def test_a_config_that_is_isolated_stays_so() -> None:
    """Only what was not asked for is left out."""
    content = content_again(Revision.of("churn", NOON, 1), {"EnableNetworkIsolation": True}, [], {})

    assert content.endpoint_config["EnableNetworkIsolation"] is True
