"""Counts how often a scenario had each feature, so that one that is never drawn is seen in the report."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from local.simulation.invariants.approvals import requires_approval
from local.simulation.stages import Promotion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.recording import Recording
    from local.simulation.runs import Run

FEATURES = (
    "runs that register scaling",
    "runs that set scaling aside",
    "targets handed over",
    "changes of weights",
    "changes of weights taken back",
    "changes of weights deployed",
    "updates with rollback alarms",
    "updates taken back by an alarm",
    "runs that await approval",
    "runs approved",
    "runs rejected by a person",
    "promotions deployed",
    "promotions refused",
    "differences reported",
    "repairs started",
    "repairs deployed",
    "dry runs",
    "rollbacks deployed",
)
"""All of them; each is counted once for a run, an update, a target or a difference."""


def features_of(recording: Recording) -> Counter[str]:
    """Return how often each feature was drawn and took effect."""
    found = Counter(name for run in recording.runs for name in _of_run(run))
    decisions = Counter(each.decision for each in recording.answers)
    found["runs approved"], found["runs rejected by a person"] = decisions["Approve"], decisions["Reject"]
    found["differences reported"] = len(recording.drift_events)
    found["targets handed over"] = recording.fired["operator: hand over scaling"]
    accepted = [call for call in recording.calls if call.outcome == "ok"]
    guarded = (each for each in accepted if each.operation == "UpdateEndpoint" and "/rollback/" in str(each.parameters))
    found["updates with rollback alarms"] = sum(1 for _ in guarded)
    weights = Counter(each.function for each in accepted if each.operation == "UpdateEndpointWeightsAndCapacities")
    found["changes of weights"] = weights["UpdateWeights"]
    found["changes of weights taken back"] = weights["RestoreEndpoint"]
    return +found


def _of_run(run: Run) -> Iterator[str]:
    is_repair, is_promotion = run.name.startswith("repair-"), isinstance(run.request, Promotion)
    states = {visit.state for visit in run.visits}
    is_rollback = '"Rollback"' in str(run.execution.record["input"])
    is_rolled_back = run.error == "UpdateRolledBackError"
    has = {
        "runs that register scaling": "RegisterScaling" in states,
        "runs that set scaling aside": bool((run.plan.get("Scaling") or {}).get("SetAside")),
        "updates taken back by an alarm": is_rolled_back and "alarm" in run.execution.cause.lower(),
        "runs that await approval": requires_approval(run) and "AwaitApproval" in states,
        "changes of weights deployed": run.outcome == "Deployed" and run.plan["Action"] == "UpdateWeights",
        "promotions deployed": is_promotion and run.has_succeeded,
        "promotions refused": is_promotion and run.error == "InvalidRequestError",
        "repairs started": is_repair,
        "repairs deployed": is_repair and run.outcome == "Deployed",
        "dry runs": run.is_dry,
        "rollbacks deployed": is_rollback and run.outcome == "Deployed" and not is_repair,
    }
    yield from (name for name, is_so in has.items() if is_so)
