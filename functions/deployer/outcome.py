"""The outcome of an execution, and the event that announces it. Pure."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from deployer.diagnosis import NEXT_ACTIONS, cause_class
from deployer.errors import bounded
from deployer.json_document import Document
from deployer.summary import summarize

if TYPE_CHECKING:
    from collections.abc import Mapping


EXECUTION_TIMED_OUT = "ExecutionTimedOut"
"""The error of an execution that timed out as a whole; no state has an error of this name."""

_MOST_PATHS = 50
"""Changed fields that the event of a dry run names."""

_ENDPOINT_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


class Outcome(StrEnum):
    """The outcomes. An outcome is the name of the execution's last state, and stands in the event."""

    DEPLOYED = "Deployed"
    NOTHING_TO_DO = "NothingToDo"
    SUPERSEDED = "Superseded"
    AWAITING_ARTIFACT = "AwaitingArtifact"
    PLANNED = "Planned"
    REJECTED = "Rejected"
    TIMED_OUT = "TimedOut"
    FAILED = "Failed"


_FAILURES = frozenset({Outcome.REJECTED, Outcome.TIMED_OUT, Outcome.FAILED})

_OUTCOMES_OF_ERRORS = {
    "InvalidRequestError": Outcome.REJECTED,
    "ApprovalRejectedError": Outcome.REJECTED,
    "DeploymentTimedOutError": Outcome.TIMED_OUT,
    "ApprovalTimedOutError": Outcome.TIMED_OUT,
    "DeploymentSupersededError": Outcome.SUPERSEDED,
    EXECUTION_TIMED_OUT: Outcome.TIMED_OUT,
}
_OUTCOMES_OF_ACTIONS = {
    "NothingToDo": Outcome.NOTHING_TO_DO,
    "Confirm": Outcome.NOTHING_TO_DO,
    "Superseded": Outcome.SUPERSEDED,
    "AwaitingArtifact": Outcome.AWAITING_ARTIFACT,
    "Planned": Outcome.PLANNED,
}


def conclude(report: Mapping[str, Any], artifact_prefix: str) -> Document:
    """Describe the outcome of an execution.

    Args:
        report: `Execution` (`Id`, `Name`, `StartTime`) and `Now`; `Plan` with its names, or, if the input became no
            plan, that `Input`; `Failure`, and `Restore` and `RestoreFailure` if an endpoint was to be restored.
        artifact_prefix: The prefix of the endpoints' folders for uploads in the artifact bucket; ends in a slash.

    Returns:
        The detail of the event that announces it. It holds nothing of the request but names: values such as a
        container's environment may be secret.
    """
    plan, execution, failure = report.get("Plan") or {}, report["Execution"], report.get("Failure")
    started_at = datetime.fromisoformat(execution["StartTime"]).astimezone(UTC)
    ended_at = datetime.fromisoformat(report["Now"])
    trigger = report.get("Input")
    detail: Document = {
        "Outcome": _outcome(plan, failure),
        "RequestId": plan.get("RequestId") or _event_id(trigger) or execution["Name"],
        "EndpointName": plan.get("EndpointName") or endpoint_name_of(trigger, artifact_prefix),
        "Revision": plan.get("Revision") or None,
        "RequestedAt": plan.get("RequestedAt"),
        "Reason": plan.get("Reason") or None,
        "Warnings": plan.get("Warnings") or None,
        "Planned": _names_of(plan.get("Preview") or {}) or None,
        "Approval": (plan.get("Approval") or {}).get("Answer"),
        "Execution": execution["Id"],
        "StartedAt": started_at.isoformat(),
        "DurationSeconds": round((ended_at - started_at).total_seconds(), 3),
        "Restored": (report.get("Restore") or {}).get("Restored"),
    }
    if failure:
        detail |= _described_failure(failure, detail["Outcome"])
    if restore_failure := report.get("RestoreFailure"):
        cause = readable_cause(restore_failure.get("Cause", ""))
        detail |= {"RestoreError": restore_failure["Error"], "RestoreCause": cause}
    known = {member: value for member, value in detail.items() if value is not None}
    return {**known, "Summary": summarize(known)}


def _described_failure(failure: Mapping[str, Any], outcome: str) -> Document:
    message = readable_cause(failure.get("Cause", ""))
    described = {"Error": failure["Error"], "Cause": message}
    if outcome not in _FAILURES:
        return described
    found = cause_class(failure["Error"], message)
    return {**described, "CauseClass": found, "NextAction": NEXT_ACTIONS[found]}


def readable_cause(cause: str) -> str:
    """Return the message in the JSON that Lambda makes of an exception; other causes are returned as they are."""
    try:
        report = json.loads(cause)
    except ValueError:
        report = None
    message = report.get("errorMessage") if isinstance(report, dict) else None
    return bounded(message if isinstance(message, str) else cause)


def endpoint_name_of(trigger: object, artifact_prefix: str) -> str | None:
    """Return the endpoint that the input of an execution names; None if there is no valid name.

    It is the folder of an upload, the group of a model package, or the `EndpointName` of a request.
    """
    event = trigger if isinstance(trigger, dict) else {}
    detail = event.get("detail") if "detail-type" in event else event
    if not isinstance(detail, dict):
        return None
    uploaded = detail.get("object")
    key = uploaded.get("key") if isinstance(uploaded, dict) else None
    if isinstance(key, str):
        name: object = key.removeprefix(artifact_prefix).partition("/")[0] if key.startswith(artifact_prefix) else None
    else:
        name = detail.get("ModelPackageGroupName", detail.get("EndpointName"))
    return name if isinstance(name, str) and _ENDPOINT_NAME.fullmatch(name) else None


def _outcome(plan: Mapping[str, Any], failure: Mapping[str, str] | None) -> Outcome:
    if failure:
        return _OUTCOMES_OF_ERRORS.get(failure["Error"], Outcome.FAILED)
    return _OUTCOMES_OF_ACTIONS.get(plan.get("Action", ""), Outcome.DEPLOYED)


def _names_of(preview: Mapping[str, Any]) -> Document:
    """Return the report of a dry run, without values of the request: the action, and the paths of changed fields."""
    if not preview:
        return {}
    paths = [change["Path"] for change in preview["Changes"]]
    return {"Action": preview["Action"], "Creates": preview["Creates"], "Changes": paths[:_MOST_PATHS]}


def _event_id(trigger: object) -> str | None:
    event_id = trigger.get("id") if isinstance(trigger, dict) and "detail-type" in trigger else None
    return event_id if isinstance(event_id, str) else None
