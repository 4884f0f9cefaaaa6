"""Requests and scenarios of the alarms that guard updates; random scenarios seldom have a sweep meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.simulation import scenario as steps
from tests.machine.factories import CANARY
from tests.machine.scripted_scenarios import manual, scenario

if TYPE_CHECKING:
    from deployer.json_document import Document
    from local.virtual_time.world import World

GUARDRAILS: Document = {"DeploymentConfig": {"BlueGreenUpdatePolicy": CANARY["BlueGreenUpdatePolicy"]}}
ERRORS: Document = {**GUARDRAILS, "RollbackAlarms": {"Errors": {"Percent": 1}}}
BOTH: Document = {**GUARDRAILS, "RollbackAlarms": {"Errors": {"Percent": 1}, "Latency": {"P99Milliseconds": 500}}}


def alarms(world: World, prefix: str = "test/rollback/churn-") -> list[str]:
    """Return the names of the alarms that the deployer has made for the endpoint."""
    found = world.cloudwatch.describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
    return [alarm["AlarmName"] for alarm in found]


def named(world: World) -> list[list[str]]:
    """Return the alarms that each update named, in their order."""
    calls = [call.parameters for call in world.simulator.calls if call.operation == "UpdateEndpoint"]
    rollbacks = [call.get("DeploymentConfig", {}).get("AutoRollbackConfiguration", {}) for call in calls]
    return [[alarm["AlarmName"] for alarm in each.get("Alarms", [])] for each in rollbacks]


def swept_while_guarded(seed: int) -> steps.Scenario:
    """A sweep comes while an alarm of two hours ago guards an update, which no retained revision had asked for."""
    return scenario(
        seed,
        manual("first", 0.0, "a", **ERRORS),
        manual("second", 1000.0, "b", **ERRORS),
        manual("third", 2000.0, "c"),
        manual("fourth", 20_000.0, "d", **ERRORS),
        *(steps.Sweep(name=f"sweep-{number}", at=20_000.0 + 60 * number) for number in range(10)),
        RETAINED_REVISIONS="1",
    )


def rung_while_guarded(seed: int) -> steps.Scenario:
    """An alarm of the deployer's rolls an update back, and CloudWatch is throttled when the next one begins."""
    throttled = steps.ServiceFault("cloudwatch", "throttled", 0.8)
    return scenario(
        seed,
        manual("first", 0.0, "a"),
        manual("second", 1000.0, "b", **ERRORS),
        steps.Alarm(name="on", at=1200.0, state="ALARM", is_own=True),
        steps.Alarm(name="off", at=1500.0, state="OK", is_own=True),
        manual("third", 3000.0, "c", **ERRORS),
        fault_windows=(steps.FaultWindow(name="throttled", start=2990.0, end=3400.0, service_faults=(throttled,)),),
        ABORT_ALARMS="all",
    )
