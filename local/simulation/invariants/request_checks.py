"""Invariants of the check of requests: it comes before any change, and rejects what can never be fulfilled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.recording import Recording
    from local.simulation.runs import Run


def planning_changes_nothing(recording: Recording) -> Iterator[str]:
    """PlanDeployment creates, changes and deletes nothing."""
    for actor, function, name in _changes(recording):
        yield f"{actor} changed {name} in {function}" if function == "PlanDeployment" else ""


def rejected_requests_have_no_effect(recording: Recording) -> Iterator[str]:
    """A request that is rejected at its first plan has no effect at all."""
    for run in recording.runs:
        if run.outcome == "Rejected" and not run.has_planned_again:
            changed = [name for actor, _, name in _changes(recording) if actor == run.name]
            yield f"{run.name} was rejected and changed {', '.join(changed)}" if changed else ""


def dry_runs_change_nothing(recording: Recording) -> Iterator[str]:
    """A dry run changes nothing, deploys nothing, and discloses no secrets."""
    for run in recording.runs:
        if run.is_dry:
            changed = [name for actor, _, name in _changes(recording) if actor == run.name]
            yield f"{run.name} was a dry run and changed {', '.join(changed)}" if changed else ""
            is_right = run.outcome == "Planned" or bool(run.error) or not run.outcome
            yield "" if is_right else f"{run.name} was a dry run and ended as {run.outcome}"
            preview = json.dumps(run.plan.get("Preview"))
            found = [secret for secret in recording.secrets if secret in preview]
            yield f"The preview of {run.name} discloses {', '.join(found)}" if found else ""


def _changes(recording: Recording) -> Iterator[tuple[str, str, str]]:
    """Yield what executions changed in SageMaker and in S3: their names, their functions, and the names of records."""
    for write in recording.writes:
        if write.actor in recording.names and not write.is_asynchronous:
            yield write.actor, write.function, f"{write.table}/{write.name}"
    for written in recording.object_writes:
        if written.actor in recording.names:
            yield written.actor, written.function, written.key


def invalid_requests_are_rejected(recording: Recording) -> Iterator[str]:
    """A request that can never be fulfilled deploys nothing, and is rejected if it can be read at all."""
    for run in recording.runs:
        if run.request.validity == "invalid" and run.outcome:
            is_right = run.outcome == "Rejected" or run.error or (run.outcome == "Superseded" and not run.revision)
            yield "" if is_right else f"{run.name} is invalid and ended as {run.outcome}"


def valid_requests_are_not_rejected(recording: Recording) -> Iterator[str]:
    """A request that can be fulfilled is not rejected, except for an endpoint of others, or data that S3 denies."""
    for run in recording.runs:
        if run.request.validity == "valid":
            is_denied = (run.name, "PlanDeployment") in recording.denied
            is_wrong = run.error == "InvalidRequestError" and not is_denied and not is_of_others(recording, run)
            yield f"{run.name} is valid and was rejected: {run.execution.cause[:300]}" if is_wrong else ""


def is_of_others(recording: Recording, run: Run) -> bool:
    """Return whether a run was rejected, rightly, since a person removed the stack's tag from the endpoint."""
    return "was not created by this stack" in run.execution.cause and recording.is_disowned(run.endpoint)
