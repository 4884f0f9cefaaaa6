"""An endpoint that loads another one's stored copy keeps it, whatever becomes of the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.machine.drifts import sagemaker
from tests.machine.factories import BUCKET, DAY, container, copies, deploy_one, live_model, loads, request, upload

if TYPE_CHECKING:
    from local.virtual_time.world import World


@pytest.mark.parametrize("copied", ["uploads", "none"])
def test_stored_copy_of_another_endpoint_is_copied(world: World, monkeypatch: pytest.MonkeyPatch, copied: str) -> None:
    """The sweep deletes the other's copy, because none of that endpoint's requests names it any more."""
    upload(world, b"one")
    url = live_model(world)["PrimaryContainer"]["ModelDataUrl"]
    monkeypatch.setenv("COPY_ARTIFACTS", copied)
    deploy_one(world, request("a", endpoint="fraud", Models={"m": container("a", ModelDataUrl=url)}))
    sagemaker(world, "DeleteEndpoint", EndpointName="churn")

    for _ in range(3):
        world.clock.sleep(2 * DAY)
        world.sweep()

    assert copies(world, "churn") == []
    assert url.startswith(f"s3://{BUCKET}/revisions/churn/")
    assert loads(world, "fraud") == b"one"
