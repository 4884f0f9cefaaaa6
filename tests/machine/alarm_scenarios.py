"""Scenarios of the alarms that guard updates, which random ones seldom bring together with a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.simulation import scenario as steps
from tests.machine.factories import CANARY
from tests.machine.scripted_scenarios import manual, scenario

if TYPE_CHECKING:
    from deployer.json_document import Document

GUARDED: Document = {
    "DeploymentConfig": {"BlueGreenUpdatePolicy": CANARY["BlueGreenUpdatePolicy"]},
    "RollbackAlarms": {"Errors": {"Percent": 1}},
}


def swept_while_guarded(seed: int) -> steps.Scenario:
    """A sweep comes while an alarm of two hours ago guards an update, which no retained revision had asked for."""
    return scenario(
        seed,
        manual("first", 0.0, "a", **GUARDED),
        manual("second", 1000.0, "b", **GUARDED),
        manual("third", 2000.0, "c"),
        manual("fourth", 20_000.0, "d", **GUARDED),
        *(steps.Sweep(name=f"sweep-{number}", at=20_000.0 + 60 * number) for number in range(10)),
        RETAINED_REVISIONS="1",
    )


def rung_while_guarded(seed: int) -> steps.Scenario:
    """An alarm of the deployer's rolls an update back, and CloudWatch is throttled when the next one begins."""
    throttled = steps.ServiceFault("cloudwatch", "throttled", 0.8)
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        manual("second", 1000.0, "b", **GUARDED),
        steps.Alarm(name="on", at=1200.0, state="ALARM", is_own=True),
        steps.Alarm(name="off", at=1500.0, state="OK", is_own=True),
        manual("third", 3000.0, "c", **GUARDED),
        fault_windows=(steps.FaultWindow(name="throttled", start=2990.0, end=3400.0, service_faults=(throttled,)),),
        ABORT_ALARMS="all",
    )
