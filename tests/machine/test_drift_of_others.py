"""An endpoint that has been handed over to another stack is not drift of the one that had it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.tags import STACK_TAG
from tests.machine.drifts import kinds, own_config, sagemaker
from tests.machine.factories import deploy, endpoint_of

if TYPE_CHECKING:
    from local.virtual_time.world import World


@pytest.mark.parametrize(
    ("stack", "reported"), [("another", []), ("test", ["ConfigReplaced"])], ids=["handed over", "its own"]
)
def test_update_of_a_new_owner_is_not_drift(world: World, stack: str, reported: list[str]) -> None:
    """It would be reported for ever, because the configs of an endpoint that exists are retained."""
    (revision,) = deploy(world, "a")
    tags = [{"Key": STACK_TAG, "Value": stack}]
    sagemaker(world, "AddTags", ResourceArn=endpoint_of(world)["EndpointArn"], Tags=tags)
    sagemaker(world, "UpdateEndpoint", EndpointName="churn", EndpointConfigName=own_config(world, revision))

    assert kinds(world) == reported


def test_endpoint_without_the_tag_is_compared(world: World) -> None:
    """A person has removed the tag, and no other stack owns the endpoint."""
    (revision,) = deploy(world, "a")
    sagemaker(world, "DeleteTags", ResourceArn=endpoint_of(world)["EndpointArn"], TagKeys=[STACK_TAG])
    sagemaker(world, "UpdateEndpoint", EndpointName="churn", EndpointConfigName=own_config(world, revision))

    assert kinds(world) == ["ConfigReplaced"]
