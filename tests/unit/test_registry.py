"""The adapter of Amazon ECR: which digest a tag has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ConnectionClosedError
from botocore.stub import Stubber
from moto import mock_aws

from deployer.aws.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = "123456789012"
HOST = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
MANIFEST = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}
IMAGE = f"{HOST}/team/model:1"
DETAIL = {"imageDigest": "sha256:" + "0" * 64}


@pytest.fixture
def aws() -> Iterator[Any]:
    """A client, in an account with one repository."""
    with mock_aws():
        client = boto3.client("ecr", region_name="us-east-1")
        client.create_repository(repositoryName="team/model")
        yield client


def put(client: Any, content: str) -> str:
    """Put an image under the tag; return its digest."""
    layer = {"digest": "sha256:" + content * 64, "size": 1, "mediaType": "application/vnd.docker.image.rootfs.diff.tar"}
    manifest = json.dumps({**MANIFEST, "config": layer, "layers": [layer]})
    answer = client.put_image(repositoryName="team/model", imageManifest=manifest, imageTag="1")
    return str(answer["image"]["imageId"]["imageDigest"])


def test_moved_tag_has_the_new_digest(aws: Any) -> None:
    """It is asked again each time."""
    registry = Registry(aws, ACCOUNT)

    digests = [(put(aws, content), registry.digest_of(IMAGE)) for content in "ab"]

    assert [expected for expected, _ in digests] == [found for _, found in digests]
    assert digests[0] != digests[1]


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(IMAGE.replace(ACCOUNT, "999999999999"), id="another account"),
        pytest.param(IMAGE.replace("us-east-1", "eu-west-1"), id="another region"),
        pytest.param(f"{HOST}/team/model@sha256:{'0' * 64}", id="by digest"),
        pytest.param(f"{HOST}/team/model", id="no tag"),
        pytest.param("python:3.13", id="another registry"),
        pytest.param("", id="none"),
    ],
)
def test_image_of_another_registry_is_not_looked_up(image: str) -> None:
    """The functions have no right there."""
    client = boto3.client("ecr", region_name="us-east-1")

    with Stubber(client):
        assert Registry(client, ACCOUNT).digest_of(image) is None


@pytest.mark.parametrize("media_type", ["vnd.docker.distribution.manifest.list.v2", "vnd.oci.image.index.v1"])
def test_image_for_several_platforms_is_not_compared(media_type: str) -> None:
    """SageMaker runs one of its images, which has another digest."""
    client = boto3.client("ecr", region_name="us-east-1")
    detail = {**DETAIL, "imageManifestMediaType": f"application/{media_type}+json"}

    with Stubber(client) as stub:
        stub.add_response("describe_images", {"imageDetails": [detail]})
        found = Registry(client, ACCOUNT).digest_of(IMAGE)

    assert found is None


@pytest.mark.parametrize("code", ["RepositoryNotFoundException", "ImageNotFoundException", "AccessDeniedException"])
def test_image_that_cannot_be_read_is_not_compared(code: str) -> None:
    client = boto3.client("ecr", region_name="us-east-1")

    with Stubber(client) as stub:
        stub.add_client_error("describe_images", code)
        found = Registry(client, ACCOUNT).digest_of(IMAGE)

    assert found is None


def test_lost_connection_is_not_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    client: Any = boto3.client("ecr", region_name="us-east-1")

    def fail(**_: Any) -> None:
        raise ConnectionClosedError(endpoint_url="ecr")

    monkeypatch.setattr(client, "describe_images", fail)

    assert Registry(client, ACCOUNT).digest_of(IMAGE) is None
