"""Draws settings: those of the stack's functions, and those of the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.simulation.fault_windows import LONGEST_LAG, USUAL_LAG
from local.simulation.requests import BROKEN
from local.simulator import EventDelivery, Settings

if TYPE_CHECKING:
    from random import Random


def draw_environment(random: Random) -> dict[str, str]:
    """Return settings of the stack."""
    return {
        "RETAINED_REVISIONS": random.choice(["1", "2", "3", "3", "10"]),
        "UNUSED_RETENTION_HOURS": random.choice(["2", "2", "6", "24"]),
        "COPY_ARTIFACTS": random.choice(["uploads", "uploads", "uploads", "all", "none"]),
        "POLL_INTERVAL_SECONDS": random.choice(["1", "30", "60", "60", "300"]),
        "DEPLOYMENT_TIMEOUT_SECONDS": random.choice(["1200", "3600", "7200", "28800"]),
    }


def draw_alarm_settings(random: Random) -> dict[str, str]:
    """Return settings of the alarms that the stack makes."""
    return {
        "ABORT_ALARMS": random.choice(["none", "stack-role", "all"]),
        "ROLLBACK_ERRORS_PERCENT": random.choice(["0", "0", "2.5"]),
        "ROLLBACK_P99_MILLISECONDS": random.choice(["0", "0", "800"]),
    }


def draw_settings(random: Random) -> Settings:
    """Return the simulator's settings."""
    lag = random.choice([0.0, 0.0, 1.0, 5.0, 30.0, USUAL_LAG])
    least_lag = 0.0 if random.random() < 0.9 else LONGEST_LAG  # noqa: PLR2004 - a share
    create_seconds, update_seconds = random.choice([150.0, 180.0, 600.0]), random.choice([150.0, 240.0, 900.0])
    if least_lag:
        # Without a bound, an endpoint could change twice within the lag, and no replica would show the first change.
        create_seconds, update_seconds = 600.0, 900.0
    return Settings(
        lag=max(lag, least_lag),
        least_lag=least_lag,
        tag_lag=random.choice([0.0, 0.0, 30.0, 150.0]),
        create_seconds=create_seconds,
        update_seconds=update_seconds,
        delete_seconds=random.choice([5.0, 30.0, 300.0]),
        rollback_seconds=random.choice([30.0, 60.0, 600.0]),
        scale_seconds=random.choice([0.0, 60.0]),
        role_delay=random.choice([0.0, 0.0, 0.0, 20.0, 100.0]),
        empties_failure_reason=random.choice([True, False]),
        broken_models={f"/{BROKEN}:": "cannot predict"},
        events=random.choice([EventDelivery(), EventDelivery(), EventDelivery(lost=0.1, doubled=0.1, late=0.1)]),
    )
