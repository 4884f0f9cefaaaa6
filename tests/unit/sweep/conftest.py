"""A simulated account that can be swept."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest import mock

import pytest

from deployer.aws.s3 import Objects
from tests.unit.sweep_factories import Sweeper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.planning_account import PlanningAccount


@pytest.fixture
def sweeper(account: PlanningAccount) -> Iterator[Sweeper]:
    """The sweep of the account; the ages of objects in S3 follow the account's clock."""
    with mock.patch.multiple("moto.s3.models", utcnow=lambda: account.now.replace(tzinfo=None)):
        yield Sweeper(account.sagemaker, Objects(account.s3), account.clock)
