"""An account without scalable targets."""

from __future__ import annotations

from typing import Any, cast

import boto3
import pytest

from deployer.aws.scaling import Scaling
from local.autoscaling.service import ScalingService
from local.simulator.in_process import attach_to
from tests.unit.manual_clock import Clock
from tests.unit.scaling.scaling_samples import STACK, beside_no_alarms


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of an account without targets."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    made: Any = boto3.client("application-autoscaling")
    service = ScalingService(Clock(0.0))
    attach_to(made, lambda: cast("Any", service))
    return made


@pytest.fixture
def scaling(client: Any) -> Scaling:
    """The adapter of that account."""
    return Scaling(beside_no_alarms(client), STACK)
