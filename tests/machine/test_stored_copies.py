"""A request that names a stored copy asks for the revision that the copy was made for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.machine.factories import BUCKET, live_revision, put_manifest, rollback, upload

if TYPE_CHECKING:
    from local.virtual_time.world import World

MANIFEST = "EndpointConfig: {ProductionVariants: [{InstanceType: ml.c5.large, InitialInstanceCount: 1}]}"


def stored_request(world: World, revision: str) -> Any:
    """Read the request that a revision was made of, as `plan ENDPOINT` does."""
    answer = world.s3.get_object(Bucket=BUCKET, Key=f"revisions/churn/{revision}/request.json")
    return json.loads(answer["Body"].read())["Request"]


@pytest.mark.parametrize("is_rolled_back", [False, True], ids=["after an upload", "after a rollback"])
def test_stored_request_of_the_live_revision_changes_nothing(world: World, is_rolled_back: bool) -> None:  # noqa: FBT001 - a case
    """A dry run and a deployment find no change: the digest of a copy is the one in its key."""
    put_manifest(world, MANIFEST)
    upload(world, b"one")
    if is_rolled_back:
        world.clock.sleep(60)
        upload(world, b"two")
        world.clock.sleep(60)
        world.run(rollback())
    live = live_revision(world)
    request = stored_request(world, live)
    assert "/revisions/churn/artifacts/" in json.dumps(request)

    world.clock.sleep(3600)
    planned = world.run({**request, "DryRun": True})
    deployed = world.run(request)

    assert json.loads(planned.record["output"])["Plan"]["Preview"]["Action"] in {"NothingToDo", "Confirm"}
    assert deployed.states[-1] == "NothingToDo"
    assert live_revision(world) == live
