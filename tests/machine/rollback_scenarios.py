"""Scenarios of updates that SageMaker rolls back, or seems to, and of waits that the deadline ends."""

from __future__ import annotations

from local.simulation import scenario as steps
from local.simulation.fault_windows import LONGEST_LAG
from local.simulator import EventDelivery, Settings
from tests.machine.factories import CANARY
from tests.machine.scripted_scenarios import manual, scenario


def scaled_before_its_update(seed: int) -> steps.Scenario:
    """An operator scales an endpoint minutes before its update, and every replica lags five minutes.

    The update is requested 669 seconds after the run has started; it is decided on a view of before the scaling, and
    the first looks see the scaled endpoint and no update.
    """
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        manual("second", 5000.0, "b"),
        steps.OperatorStep(name="scale", at=5669.0 - LONGEST_LAG + 5 + seed % 4, action="scale", endpoint="churn"),
        settings=Settings(lag=LONGEST_LAG, least_lag=LONGEST_LAG, create_seconds=150.0, update_seconds=600.0),
    )


def rolled_back_before_a_newer_request(seed: int) -> steps.Scenario:
    """An alarm rolls a canary back; no event says so, and a newer request has the endpoint by the next look."""
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        manual("second", 900.0, "b", DeploymentConfig=CANARY),
        manual("third", 1000.0, "c"),
        steps.Alarm(name="alarm", at=1050.0, state="ALARM"),
        steps.Alarm(name="quiet", at=1500.0, state="OK"),
        settings=Settings(events=EventDelivery(lost=1.0), update_seconds=60.0),
    )


def woken_for_nothing(seed: int) -> steps.Scenario:
    """A false event wakes a run whose endpoint does not come into service by the deadline."""
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        steps.FalseEvent(name="false", at=1000.0 + seed, endpoint="churn"),
        settings=Settings(create_seconds=30_000.0, events=EventDelivery(lost=1.0)),
    )
