"""The status of an endpoint: the live revision, the execution under way, and those that wait."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from endpoint_deployer.aws.stack import EXECUTION_TAG, STATE_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from endpoint_deployer.aws.revisions import Endpoints
    from endpoint_deployer.aws.runs import Run, Runs
    from endpoint_deployer.json_document import Document

_WAITING_FOR_TURN = {"WaitForOtherDeployment", "PlanAgain"}


def status_of(
    name: str, endpoints: Endpoints, runs: Runs, running: Sequence[Run], drift: Mapping[str, Document]
) -> Document:
    """Return the status of an endpoint as JSON.

    Args:
        name: The endpoint's name.
        endpoints: Reads endpoints.
        runs: Reads executions.
        running: The executions that run.
        drift: What the last sweep found; see `endpoint_deployer.aws.drift`.
    """
    endpoint = endpoints.find(name)
    own = [_progress(runs, run) for run in reversed(running) if run.endpoint == name]
    return {
        "EndpointName": name,
        "Status": endpoint["EndpointStatus"] if endpoint else None,
        "FailureReason": (endpoint or {}).get("FailureReason"),
        "Live": _live(endpoint, endpoints, runs) if endpoint else None,
        "Endpoint": _fleets(endpoint) if endpoint else None,
        "Drift": drift["Found"].get(name, []),
        "Repair": drift["Repairs"].get(name),
        "Runs": [each for each in own if each["State"] not in _WAITING_FOR_TURN],
        "Waiting": [each for each in own if each["State"] in _WAITING_FOR_TURN],
    }


def _live(endpoint: Document, endpoints: Endpoints, runs: Runs) -> Document:
    revision = endpoints.served(endpoint)
    tags = endpoints.tags_of_config(revision)
    run = runs.find_execution(tags[EXECUTION_TAG]) if EXECUTION_TAG in tags else None
    return {
        "Revision": revision,
        "Config": endpoint.get("EndpointConfigName", ""),
        "Since": endpoint["LastModifiedTime"].isoformat(),
        "State": tags.get(STATE_TAG) or "not of this deployer",
        "Trigger": run.trigger if run else None,
        "Execution": tags.get(EXECUTION_TAG),
    }


def _fleets(endpoint: Document) -> Document:
    """Return what of a description says how far a change is."""
    members = ("EndpointStatus", "ProductionVariants", "PendingDeploymentSummary")
    return {member: endpoint[member] for member in members if member in endpoint}


def reason_to_wait(state: str, endpoint: str, plan: Document) -> str:
    """Say what an execution waits for in a state, and what ends the wait; empty if it waits for nothing."""
    if state == "AwaitApproval":
        return f"waits for a person: endpoint-deployer approve {endpoint}, or reject"
    return str(plan.get("Reason") or "") if state in _WAITING_FOR_TURN else ""


def _progress(runs: Runs, run: Run) -> Document:
    """Return how far a running execution is, and when it looks again at the latest."""
    state, since, data = runs.last_state(run)
    plan = data.get("Plan") or {}
    seconds = {
        "DescribeEndpoint": (data.get("Endpoint") or {}).get("LookSeconds"),
        "WaitForOtherDeployment": plan.get("WaitSeconds"),
        "AwaitApproval": plan.get("WaitSeconds"),
    }.get(state)
    return {
        "Execution": run.name,
        "Trigger": run.trigger,
        "Revision": plan.get("Revision"),
        "StartedAt": run.started_at.isoformat(),
        "State": state,
        "Reason": reason_to_wait(state, run.endpoint, plan),
        "Since": since.isoformat(),
        "NextLook": (since + timedelta(seconds=seconds)).isoformat() if seconds else None,
    }
