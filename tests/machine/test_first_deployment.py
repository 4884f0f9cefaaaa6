"""From an upload to a live endpoint that did not exist before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.hosting import Fault, Settings

if TYPE_CHECKING:
    from tests.machine.conftest import World

MANIFEST = b"""
Models:
  champion: {PrimaryContainer: {Image: "111122223333.dkr.ecr.us-east-1.amazonaws.com/churn:3"}}
EndpointConfig:
  ProductionVariants:
    - {InstanceType: ml.m5.large, InitialInstanceCount: 2}
Tags: {team: growth}
"""


def test_an_uploaded_artifact_becomes_a_live_endpoint(world: World) -> None:
    """With nothing but the artifact, the stack's defaults make one model, one config and one endpoint."""
    execution = world.upload("models/churn/model.tar.gz")

    world.machine.run()

    assert (execution.status, execution.error, execution.cause) == ("SUCCEEDED", "", "")
    endpoint = world.simulator.resources()["Endpoints"]["churn"]
    assert endpoint["EndpointStatus"] == "InService"
    assert [len(names) for names in world.names.values()] == [1, 1, 1]
    assert world.outcomes == ["Deployed"]
