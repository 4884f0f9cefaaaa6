"""Invariants of errors: requests are checked before anything is created, and only transient errors are retried."""

from __future__ import annotations

import functools
import json
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from deployer import errors
from local.json_document import Document
from local.simulation.invariants.approvals import approval_times
from local.simulation.invariants.serving import is_broken
from local.virtual_time.machine import DEFINITION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.recording import Recording
    from local.simulation.runs import Run, Visit

_BY_AWS = frozenset({"Runtime.ExitError", "Sandbox.Timedout", "States.Timeout"})
_SERVICE_CODES = {
    "QuotaExceededError": "ResourceLimitExceeded",
    "AccessDeniedError": "AccessDeniedException",
    "SageMakerRejectedError": "ValidationException",
}
_FAILURES = ("Failure", "RestoreFailure", "AnnouncementFailure")
_ALWAYS_TRUE = frozenset({"InvalidRequestError", "DeploymentSupersededError"})


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
    """A request that can be fulfilled is not rejected: neither the request nor who owns the endpoint forbids it."""
    for run in recording.runs:
        if run.request.validity == "valid":
            is_wrong = run.error == "InvalidRequestError" and not is_of_others(recording, run)
            yield f"{run.name} is valid and was rejected: {run.execution.cause[:300]}" if is_wrong else ""


def is_of_others(recording: Recording, run: Run) -> bool:
    """Return whether a run was rejected, rightly, since a person took the stack's tag off the endpoint."""
    return "was not created by this stack" in run.execution.cause and recording.is_disowned(run.endpoint)


def only_known_errors_are_raised(recording: Recording) -> Iterator[str]:
    """Steps, and functions that events invoke, raise the leaves of the error tree; AWS adds its own errors."""
    for run in recording.runs:
        for visit in run.visits:
            for error in visit.failures:
                yield "" if error in _leaves() | _BY_AWS else f"{run.name}: {visit.state} raised {error}"
    for failure in recording.failed_functions:
        error = failure.rpartition(": ")[2]
        yield "" if error in _leaves() | _BY_AWS else f"A function that an event invoked failed: {failure}"
    for sweep in recording.sweeps:
        yield "" if sweep.execution.error in _leaves() | _BY_AWS | {""} else f"{sweep.name}: {sweep.execution.error}"


def permanent_errors_are_not_retried(recording: Recording) -> Iterator[str]:
    """After a permanent error its step is not called again in the same execution."""
    for run in recording.runs:
        final: dict[str, str] = {}
        for visit in run.visits:
            if visit.attempts and visit.state in final:
                yield f"{run.name}: {visit.state} was entered again after {final[visit.state]}"
            for number, error in enumerate(visit.failures, start=1):
                if error in _permanent():
                    is_wrong = number < visit.attempts
                    yield f"{run.name}: {visit.state} was retried after {error}" if is_wrong else ""
                    final[visit.state] = error


def retries_are_bounded(recording: Recording) -> Iterator[str]:
    """No step is called more often than the definition's retriers allow together."""
    for run in recording.runs:
        for visit in run.visits:
            if visit.attempts:
                most = 1 + sum(retrier["MaxAttempts"] for retrier in _retriers(visit.state))
                is_wrong = visit.attempts > most
                yield f"{run.name}: {visit.state} was called {visit.attempts} times" if is_wrong else ""


def failures_have_a_true_reason(recording: Recording) -> Iterator[str]:
    """An error that ends a run is permanent and justified, or was retried as often as the definition says."""
    for run in recording.runs:
        for name in _FAILURES:
            if failure := run.failure(name):
                yield _problem_with(recording, run, name, failure["Error"], failure.get("Cause", ""))


def _problem_with(recording: Recording, run: Run, name: str, error: str, cause: str) -> str:
    """Return why a failure is not justified; empty if it is."""
    failure = f"{run.name}: {name} {error}"
    visit = _visit_before(run, name)
    if visit is None or not visit.has_failed or visit.failures[-1] != error:
        return f"{failure}, which no step raised"
    if error in _ALWAYS_TRUE:
        return ""
    if error in _CHECKS:
        return "" if _CHECKS[error](recording, run, visit) else f"{failure}, which is not true: {cause[:200]}"
    if error in _permanent() or error in _names(errors.ReplanError) | _names(errors.SettledError):
        return f"{failure}, which should not end a run: {cause[:200]}"
    retrier = next((each for each in _retriers(visit.state) if error in each["ErrorEquals"]), None)
    if retrier is None:
        return f"{failure} is transient and is not retried in {visit.state}: {cause[:200]}"
    calls = sum(visit.failures.count(each) for each in retrier["ErrorEquals"])
    return "" if calls > retrier["MaxAttempts"] else f"{failure} after {calls} calls in {visit.state}"


def _is_answered(recording: Recording, run: Run, visit: Visit) -> bool:
    """Return whether AWS refused a call of the step."""
    code, function = _SERVICE_CODES[visit.failures[-1]], function_of(visit.state)
    calls = {call.outcome for call in recording.calls if (call.actor, call.function) == (run.name, function)}
    return code in calls or (run.name, function) in recording.denied


def _is_repetition(recording: Recording, run: Run, visit: Visit) -> bool:
    """Return whether AWS refused a call of the step after an earlier attempt had failed."""
    codes = {_SERVICE_CODES[name] for name in ("AccessDeniedError", "SageMakerRejectedError")}
    calls = {call.outcome for call in recording.calls if (call.actor, call.function) == (run.name, visit.state)}
    return len(visit.failures) > 1 and bool(codes & calls)


def _is_untestable(recording: Recording, run: Run, _visit: Visit) -> bool:
    return is_broken(recording, run.revision) or recording.is_taken_over(run.endpoint)


def _has_failed(recording: Recording, run: Run, visit: Visit) -> bool:
    """Return whether the endpoint was ever seen to fail, or to go back, also for another run of the same revision."""
    statuses = {"Failed", "OutOfService", "UpdateRollbackFailed"}
    if visit.failures[-1] == "UpdateRolledBackError":
        statuses = {"RollingBack"}
    has_been = any(
        write.value and (write.value["EndpointStatus"] in statuses or write.function == "RestoreEndpoint")
        for write in recording.writes
        if write.table == "endpoints" and write.name == run.endpoint
    )
    return has_been or recording.is_taken_over(run.endpoint) or recording.is_scaled_before_update(run)


def _is_overdue(_recording: Recording, run: Run, visit: Visit) -> bool:
    """Return whether the deadline has passed, or the two hours of a restoration."""
    if visit.state == "RestoreEndpoint":
        return bool(visit.entered >= next(each.entered for each in run.visits if each.state == visit.state) + 7200)
    return visit.entered >= run.began + float(run.environment["DEPLOYMENT_TIMEOUT_SECONDS"]) - 0.01


def _has_deleted_config(recording: Recording, _run: Run, _visit: Visit) -> bool:
    deletions = (write for write in recording.writes if write.table == "configs" and write.value is None)
    return any(recording.is_by_operator(write) for write in deletions)


def _has_deleted_version(recording: Recording, _run: Run, _visit: Visit) -> bool:
    return any(write.content is None for write in recording.object_writes if not write.function)


def _is_rejected(recording: Recording, run: Run, _visit: Visit) -> bool:
    return bool(approval_times(recording, run, "Reject"))


def _is_unanswered(_recording: Recording, run: Run, visit: Visit) -> bool:
    """Return whether the time for an answer was over."""
    expires_at = datetime.fromisoformat(run.plan["Approval"]["ExpiresAt"])
    return visit.entered >= expires_at.timestamp() - 0.01


_CHECKS = {
    "ApprovalRejectedError": _is_rejected,
    "ApprovalTimedOutError": _is_unanswered,
    "QuotaExceededError": _is_answered,
    "AccessDeniedError": _is_answered,
    "SageMakerRejectedError": _is_answered,
    "ChangeUncertainError": _is_repetition,
    "SmokeTestFailedError": _is_untestable,
    "EndpointFailedError": _has_failed,
    "UpdateRolledBackError": _has_failed,
    "DeploymentTimedOutError": _is_overdue,
    "LiveConfigMissingError": _has_deleted_config,
    "ArtifactMissingError": _has_deleted_version,
}
"""Whether a permanent error is true, by its name."""


def _visit_before(run: Run, name: str) -> Visit | None:
    """Return the visit that a failure ended: the one before the first that has the failure in its data."""
    return next((before for before, visit in pairwise(run.visits) if json.loads(visit.data).get(name)), None)


def function_of(state: str) -> str:
    """Return the function that a state calls."""
    return {"PlanAgain": "PlanDeployment", "AnnounceRejection": "AnnounceOutcome"}.get(state, state)


@functools.cache
def _definition() -> Document:
    states: Document = json.loads(DEFINITION.read_text(encoding="utf-8"))["States"]
    return states


def _retriers(state: str) -> list[Document]:
    return list(_definition()[state].get("Retry", []))


def _names(group: type[errors.DeployerError]) -> frozenset[str]:
    """Return the names of a group's leaves."""
    return frozenset(leaf.__name__ for leaf in group.__subclasses__())


def _permanent() -> frozenset[str]:
    return _names(errors.PermanentError)


def _leaves() -> frozenset[str]:
    groups = errors.DeployerError.__subclasses__()
    return frozenset().union(*(_names(group) for group in groups if group.__module__ == errors.__name__))
