"""A first deployment of wrong input is rejected by its field, before anything is created."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.machine.factories import KEY, MANIFEST_KEY, NOTHING, put_manifest

if TYPE_CHECKING:
    from local.virtual_time.world import World


BAD_MANIFESTS = {
    "no YAML": ("a: [1, 2\nb: 3", "deployment.yaml, line 2"),
    "an unknown field": ("EndpointCfg: {}", "EndpointCfg: is not a field of a request; did you mean 'EndpointConfig'?"),
    "a wrong type": (
        "EndpointConfig: {ProductionVariants: [{InstanceType: ml.m5.large, InitialInstanceCount: two}]}",
        "EndpointConfig.ProductionVariants[0].InitialInstanceCount: must be a whole number",
    ),
    "another name than the folder's": ("EndpointName: other", "EndpointName: 'other' contradicts"),
    "an instance type that does not exist": (
        "EndpointConfig: {ProductionVariants: [{InstanceType: ml.m5.lrge, InitialInstanceCount: 1}]}",
        "EndpointConfig.ProductionVariants[0].InstanceType: 'ml.m5.lrge'",
    ),
    "data that are not there": (
        "Models: {m: {PrimaryContainer: {ModelDataUrl: s3://artifacts/models/none.tar.gz}}}",
        "Models.m.PrimaryContainer.ModelDataUrl: s3://artifacts/models/none.tar.gz is not there",
    ),
    "a model that does not exist": (
        (
            "EndpointConfig:\n  ProductionVariants:\n"
            "    - {ModelName: gone, InstanceType: ml.m5.large, InitialInstanceCount: 1}"
        ),
        "EndpointConfig.ProductionVariants[0].ModelName: 'gone'",
    ),
}


@pytest.mark.parametrize(("manifest", "named"), BAD_MANIFESTS.values(), ids=BAD_MANIFESTS)
def test_bad_input_is_rejected_by_its_field_before_any_creation(world: World, manifest: str, named: str) -> None:
    """The execution ends as rejected, its cause names the field, and nothing was created."""
    put_manifest(world, manifest, MANIFEST_KEY)

    execution = world.upload(KEY)
    world.machine.run()

    assert (execution.error, execution.states[-1]) == ("InvalidRequestError", "Rejected")
    assert named in execution.cause
    assert world.names == NOTHING
    assert Counter(world.outcomes) == {"Rejected": 1}
    assert world.bus[0]["EndpointName"] == "churn"


@pytest.mark.parametrize("name", ["-churn", "ch_urn", "ch urn", "x" * 64])
def test_impossible_name_is_rejected(world: World, name: str) -> None:
    """A folder whose name cannot be an endpoint's is rejected by its name."""
    execution = world.upload(f"models/{name}/model.tar.gz")

    world.machine.run()

    assert execution.error == "InvalidRequestError"
    assert execution.cause.startswith("EndpointName: ")


def test_deleted_artifact_is_rejected(world: World) -> None:
    """An event of an object that is gone creates nothing."""
    execution = world.machine.start(world.object_created(KEY, "v1", "etag"))

    world.machine.run()

    assert execution.error == "InvalidRequestError"
    assert "is not there any more" in execution.cause
