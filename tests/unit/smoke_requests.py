"""Smoke tests of requests."""

from __future__ import annotations

from typing import Any

from deployer.request.smoke_test import SmokeTest


def smoke_test(**changed: Any) -> SmokeTest:
    """Read a smoke test as a request has it."""
    return SmokeTest.model_validate({"Body": "1,2", **changed})
