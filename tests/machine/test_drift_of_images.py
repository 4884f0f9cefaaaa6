"""Tags of images that have moved since an endpoint was deployed, as drift."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from deployer import runtime
from tests.machine.drifts import kinds
from tests.machine.factories import deploy

if TYPE_CHECKING:
    from local.virtual_time.world import World

MEDIA_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


def test_moved_tag_is_reported_by_every_sweep(world: World) -> None:
    """The simulator has resolved the tag before there was any other image; without a registry nothing is known."""
    deploy(world, "image")
    before = kinds(world)
    registry: Any = runtime.client("ecr")
    config = {"digest": "sha256:" + "1" * 64, "size": 1, "mediaType": "application/vnd.docker.container.image.v1+json"}
    manifest = {"schemaVersion": 2, "mediaType": MEDIA_TYPE, "config": config, "layers": []}
    registry.create_repository(repositoryName="image")
    registry.put_image(repositoryName="image", imageManifest=json.dumps(manifest), imageTag="1")

    after = [kinds(world) for _ in range(2)]

    assert (before, after) == ([], [["ImageChanged"], ["ImageChanged"]])
    assert world.drift[0]["Message"].startswith("The tag of 111122223333.dkr.ecr.us-east-1.amazonaws.com/image:1 names")
