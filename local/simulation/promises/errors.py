"""Requests are checked before anything is created, and only what passes is tried again."""

from __future__ import annotations

import functools
import json
from itertools import pairwise
from typing import TYPE_CHECKING

from deployer import errors
from local.simulation.promises.serving import is_broken
from local.simulation.recording import is_by_and_by
from local.virtual_time.machine import DEFINITION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.recording import Recording
    from local.simulation.runs import Run, Visit
    from local.simulation.story import Document

_BY_AWS = frozenset({"Runtime.ExitError", "Sandbox.Timedout", "States.Timeout"})
_SERVICE_ANSWERS = {
    "QuotaExceededError": "ResourceLimitExceeded",
    "AccessDeniedError": "AccessDeniedException",
    "SageMakerRejectedError": "ValidationException",
}


def planning_changes_nothing(recording: Recording) -> Iterator[str]:
    """Nothing is created, changed or deleted by PlanDeployment, before which no other step runs."""
    for write in recording.writes:
        if write.actor in recording.names and not is_by_and_by(write):
            is_wrong = write.state == "PlanDeployment"
            yield f"{write.actor} wrote {write.table}/{write.name} in PlanDeployment" if is_wrong else ""


def what_was_rejected_made_nothing(recording: Recording) -> Iterator[str]:
    """A request that is rejected when it is planned for the first time has no effect at all."""
    for run in recording.runs:
        if run.outcome == "Rejected" and not run.has_planned_again:
            writes = [write for write in recording.writes if write.actor == run.name and not is_by_and_by(write)]
            made = [f"{write.table}/{write.name}" for write in writes]
            yield f"{run.name} was rejected and wrote {', '.join(made)}" if made else ""


def wrong_requests_are_rejected(recording: Recording) -> Iterator[str]:
    """A request that can never be fulfilled deploys nothing, and is rejected unless it cannot even be read."""
    for run in recording.runs:
        if run.ask.verdict == "wrong" and run.outcome:
            is_right = run.outcome == "Rejected" or run.error or (run.outcome == "Superseded" and not run.revision)
            yield "" if is_right else f"{run.name} is wrong and ended as {run.outcome}"


def good_requests_are_not_rejected(recording: Recording) -> Iterator[str]:
    """A request that can be fulfilled is not rejected."""
    for run in recording.runs:
        if run.ask.verdict == "good":
            is_wrong = run.error == "InvalidRequestError"
            yield f"{run.name} is good and was rejected: {run.execution.cause[:300]}" if is_wrong else ""


def every_error_is_known(recording: Recording) -> Iterator[str]:
    """Steps raise the leaves of the error tree and nothing else; what AWS reports itself comes on top."""
    for run in recording.runs:
        for visit in run.visits:
            for error in visit.failures:
                yield "" if error in _leaves() | _BY_AWS else f"{run.name}: {visit.state} raised {error}"


def permanent_errors_are_not_tried_again(recording: Recording) -> Iterator[str]:
    """After a permanent error its step is not called again in the same execution."""
    for run in recording.runs:
        final: dict[str, str] = {}
        for visit in run.visits:
            if visit.attempts and visit.state in final:
                yield f"{run.name}: {visit.state} was entered again after {final[visit.state]}"
            for number, error in enumerate(visit.failures, start=1):
                if error in _permanent():
                    is_wrong = number < visit.attempts
                    yield f"{run.name}: {visit.state} was tried again after {error}" if is_wrong else ""
                    final[visit.state] = error


def tries_are_bounded(recording: Recording) -> Iterator[str]:
    """No step is tried more often than the definition's retriers allow together."""
    for run in recording.runs:
        for visit in run.visits:
            if visit.attempts:
                most = 1 + sum(retrier["MaxAttempts"] for retrier in _retriers(visit.state))
                is_wrong = visit.attempts > most
                yield f"{run.name}: {visit.state} was tried {visit.attempts} times" if is_wrong else ""


def failures_have_their_reason(recording: Recording) -> Iterator[str]:
    """What ends a run is either permanent and true, or was tried as often as may be."""
    for run in recording.runs:
        for name in ("Failure", "UndoFailure", "RetirementFailure", "AnnouncementFailure"):
            if failure := run.data.get(name):
                yield _why_not(recording, run, name, failure["Error"], failure.get("Cause", ""))


def _why_not(recording: Recording, run: Run, name: str, error: str, cause: str) -> str:  # noqa: PLR0911 - one for each kind
    """Tell what is wrong about a failure; nothing if it is right."""
    told = f"{run.name}: {name} {error}"
    visit = _before(run, name)
    if visit is None or not visit.has_failed or visit.failures[-1] != error:
        return f"{told}, which no step raised"
    if error in _SERVICE_ANSWERS:
        codes = {call.outcome for call in recording.calls if call.actor == run.name and call.state == visit.state}
        is_so = _SERVICE_ANSWERS[error] in codes or (run.name, visit.state) in recording.denied
        return "" if is_so else f"{told}, which AWS did not answer"
    is_touched = recording.is_taken_over(run.endpoint)
    if error == "SmokeTestFailedError":
        return "" if is_broken(recording, run.revision) or is_touched else f"{told}, but the model works: {cause[:200]}"
    if error in {"EndpointFailedError", "UpdateRolledBackError"}:
        statuses = {"Failed", "OutOfService", "UpdateRollbackFailed"} if error[0] == "E" else {"RollingBack"}
        # Going back for another run of the same revision looks the same.
        seen = any(
            write.value and (write.value["EndpointStatus"] in statuses or write.state == "UndoDeployment")
            for write in recording.writes
            if write.table == "endpoints" and write.name == run.endpoint
        )
        return "" if seen or is_touched else f"{told}, but the endpoint was never {statuses}"
    if error == "DeploymentTimedOutError":
        deadline = run.began + float(recording.story.environment["DEPLOYMENT_TIMEOUT_SECONDS"])
        return "" if visit.entered > deadline else f"{told} before the deadline"
    if error in {"InvalidRequestError", "DeploymentSupersededError"}:
        return ""
    if error in _permanent() or error in _names(errors.ReplanError) | _names(errors.SettledError):
        return f"{told}, which should not end a run: {cause[:200]}"
    retrier = next((each for each in _retriers(visit.state) if error in each["ErrorEquals"]), None)
    if retrier is None:
        return f"{told} passes by itself and is not retried in {visit.state}: {cause[:200]}"
    tries = visit.failures.count(error)
    others = sum(visit.failures.count(other) for other in retrier["ErrorEquals"] if other != error)
    return "" if tries + others > retrier["MaxAttempts"] else f"{told} after {tries} tries in {visit.state}"


def _before(run: Run, name: str) -> Visit | None:
    """Return the stay in a state that a failure ended: the one before the first with the failure in its data."""
    return next((before for before, visit in pairwise(run.visits) if name in json.loads(visit.data)), None)


@functools.cache
def _definition() -> Document:
    states: Document = json.loads(DEFINITION.read_text(encoding="utf-8"))["States"]
    return states


def _retriers(state: str) -> list[Document]:
    return list(_definition()[state].get("Retry", []))


def _names(group: type[errors.DeployerError]) -> frozenset[str]:
    """Name the leaves of a group."""
    return frozenset(leaf.__name__ for leaf in group.__subclasses__())


def _permanent() -> frozenset[str]:
    return _names(errors.PermanentError)


def _leaves() -> frozenset[str]:
    groups = errors.DeployerError.__subclasses__()
    return frozenset().union(*(_names(group) for group in groups if group.__module__ == errors.__name__))
