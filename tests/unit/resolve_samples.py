"""Triggers, and the requests that they become."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.aws.s3_objects import Artifact
from tests.unit.planning_account import BUCKET, KEY

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount


def upload(account: PlanningAccount, key: str = KEY, body: bytes = b"model") -> Artifact:
    """Upload an object."""
    return Artifact(BUCKET, key, account.put(key, body).version, len(body))
