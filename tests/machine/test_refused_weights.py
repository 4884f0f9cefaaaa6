"""A change of weights or of a count that SageMaker refuses, or cannot carry out, leaves the revision before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from local.simulator import Fault, Settings
from tests.machine.factories import (
    BUCKET,
    MANIFEST_KEY,
    config,
    deploy_one,
    endpoint_of,
    live_model,
    live_revision,
    run_into,
    stored,
    tags_of_config,
    upload,
    variant,
)
from tests.machine.weight_samples import CHANGE, split

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World

QUOTA = Fault(CHANGE, "rejected", code="ResourceLimitExceeded", message="The limit is 1 Instances.")


def recorded(world: World, base: str) -> list[str]:
    """Return the revisions in the record of the weights of an endpoint config, in order."""
    keys = stored(world, f"revisions/churn/{base}/weights/")
    return [json.loads(world.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())["Revision"] for key in keys]


def test_count_beyond_the_quota_is_refused_and_leaves_the_revision_before(make_world: Callable[..., World]) -> None:
    """The record, which is written before the call, says in the end that the endpoint serves what it served."""
    world = make_world(Settings(faults=(QUOTA,)))
    first = deploy_one(world, split(9, 1))
    world.clock.sleep(60)

    failed = world.run(split(9, 1, count=5))

    assert failed.error == "QuotaExceededError"
    assert world.bus[-1]["Restored"] == first
    assert recorded(world, first) == [world.bus[-1]["Revision"], first]
    assert deploy_one(world, split(9, 1, count=2)) != first
    assert [each["CurrentInstanceCount"] for each in endpoint_of(world)["ProductionVariants"]] == [2, 1]


def test_instance_that_does_not_come_up_leaves_the_revision_before(make_world: Callable[..., World]) -> None:
    """Somebody has deleted the model's data, so the endpoint rests with the count that it had, and a reason."""
    world = make_world(Settings(scale_seconds=120))
    upload(world, b"one")
    first, url = live_revision(world), live_model(world)["PrimaryContainer"]["ModelDataUrl"]
    world.clock.sleep(60)
    execution = world.upload(MANIFEST_KEY, json.dumps(config(variant(InitialInstanceCount=2))).encode())
    run_into(world, execution, "WaitForEndpointConfig")
    _delete(world, url.removeprefix(f"s3://{BUCKET}/"))
    world.machine.run()

    assert execution.error == "UpdateRolledBackError"
    assert "Failed to download model data" in execution.cause
    assert recorded(world, first) == [world.bus[-1]["Revision"], first]
    assert tags_of_config(world, first)["endpoint-deployer:state"] == "deployed"


def _delete(world: World, key: str) -> None:
    for version in world.s3.list_object_versions(Bucket=BUCKET, Prefix=key)["Versions"]:
        world.s3.delete_object(Bucket=BUCKET, Key=key, VersionId=version["VersionId"])
