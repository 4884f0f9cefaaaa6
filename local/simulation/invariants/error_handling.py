"""Invariants of errors: only transient ones are retried, and one that ends an execution has a true reason."""

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
    codes = {_SERVICE_CODES[name] for name in ("AccessDeniedError", "QuotaExceededError", "SageMakerRejectedError")}
    calls = {call.outcome for call in recording.calls if (call.actor, call.function) == (run.name, visit.state)}
    is_refused = bool(codes & calls) or (run.name, visit.state) in recording.denied
    return len(visit.failures) > 1 and is_refused


def _is_untestable(recording: Recording, run: Run, _visit: Visit) -> bool:
    return is_broken(recording, run.revision) or recording.is_taken_over(run.endpoint)


def _has_failed(recording: Recording, run: Run, visit: Visit) -> bool:
    """Return whether the endpoint was ever seen to fail, or to go back, also for another run of the same revision."""
    statuses = {"Failed", "OutOfService", "UpdateRollbackFailed"}
    if visit.failures[-1] == "UpdateRolledBackError":
        statuses = {"RollingBack"}
    if run.plan.get("Action") == "UpdateWeights" and _lacks_its_weights(recording, run):
        return True
    has_been = any(
        write.value and (write.value["EndpointStatus"] in statuses or write.function == "RestoreEndpoint")
        for write in recording.writes
        if write.table == "endpoints" and write.name == run.endpoint
    )
    return has_been or recording.is_taken_over(run.endpoint)


def _lacks_its_weights(recording: Recording, run: Run) -> bool:
    """Return whether the new instances of an endpoint did not come up, or a person changed its weights or counts."""
    writes = [write for write in recording.writes if write.table == "endpoints" and write.name == run.endpoint]
    has_failed = any(write.value and "FailureReason" in write.value for write in writes)
    return has_failed or any(write.begins and recording.is_by_operator(write) for write in writes)


def _is_overdue(_recording: Recording, run: Run, visit: Visit) -> bool:
    """Return whether the deadline has passed, or the two hours of a restoration."""
    if visit.state == "RestoreEndpoint":
        return bool(visit.tried >= next(each.entered for each in run.visits if each.state == visit.state) + 7200)
    return visit.tried >= run.began + float(run.environment["DEPLOYMENT_TIMEOUT_SECONDS"]) - 0.01


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
    return visit.tried >= expires_at.timestamp() - 0.01


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
