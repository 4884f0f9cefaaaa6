"""Updates of the hosting simulator that do not succeed."""

from __future__ import annotations

from local.simulator import Settings
from tests.unit.hosting.account import variant

ALARM = "errors"
SETTINGS = Settings()
READY = SETTINGS.update_seconds
SHORT = SETTINGS.stage_seconds
BAKING = READY + SHORT + 1
"""Seconds after an update's beginning, when its first step bakes."""
FOUR = [variant(InitialInstanceCount=4)]
NEW = [variant(InitialInstanceCount=4, ModelName="n")]
