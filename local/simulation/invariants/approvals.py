"""Invariants of approval: a revision that needs approval is deployed only after it."""

from __future__ import annotations

import math
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.recording import Recording
    from local.simulation.runs import Run


_CHANGING = frozenset({"CreateEndpoint", "UpdateEndpoint", "UpdateWeights"})


def nothing_goes_live_without_its_approval(recording: Recording) -> Iterator[str]:
    """An execution creates or changes its endpoint after a person has approved it, if its request or its stack asks."""
    for run in recording.runs:
        if requires_approval(run):
            approved_at = min(approval_times(recording, run, "Approve"), default=math.inf)
            changes = [write for write in recording.writes if write.actor == run.name and write.table == "endpoints"]
            began = [write for write in changes if write.function in _CHANGING]
            is_early = any(write.begins and write.time < approved_at for write in began)
            yield f"{run.name} changed {run.endpoint} before anybody approved it" if is_early else ""


def requires_approval(run: Run) -> bool:
    """Return whether the request of an execution asks for approval, or its stack for that endpoint."""
    is_asked_for = '"Approval"' in str(run.execution.record["input"])
    return is_asked_for or fnmatchcase(run.endpoint, run.environment.get("APPROVAL_ENDPOINTS", ""))


def approval_times(recording: Recording, run: Run, decision: str) -> list[float]:
    """Return when a person gave an answer to an execution."""
    return [each.time for each in recording.answers if (each.execution, each.decision) == (run.name, decision)]
