"""Factories for what planning works with: revisions, endpoints, drafts and plans."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from deployer.json_document import Document
from deployer.planning.draft_state import Draft
from deployer.planning.live import Live
from deployer.planning.names import Revision
from deployer.planning.plan import Action, Before, Plan
from deployer.planning.revision import name_revision
from deployer.tags import DEPLOYED, EXECUTION_TAG, PENDING, PREVIOUS_TAG, STACK_TAG, STATE_TAG
from tests.unit.request_samples import REGISTRY, ROLE, variant

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
STACK = "deployer"
EXECUTION = "arn:aws:states:us-east-1:111122223333:execution:deploy:run-1"
OTHER_EXECUTION = "arn:aws:states:us-east-1:111122223333:execution:deploy:run-2"


def at(minutes: float) -> datetime:
    """Return a time, in minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def revision(content: object = "a", minutes: float = 0, endpoint: str = "churn") -> Revision:
    """Build a revision that was requested some minutes after noon."""
    return Revision.of(endpoint, at(minutes), content)


def complete_request(image: str = "a", **changed: Any) -> Document:
    """Build a request as planning completes it; the image is its content."""
    container = {"Image": f"{REGISTRY}/{image}:1"}
    return {
        "EndpointName": "churn",
        "Models": {"m": {"PrimaryContainer": container, "ExecutionRoleArn": ROLE}},
        "EndpointConfig": {"ProductionVariants": [variant(VariantName="AllTraffic", ModelName="m")]},
        "DeploymentConfig": None,
        "RetainAllVariantProperties": None,
        "ExcludeRetainedVariantProperties": [],
        "SmokeTest": None,
        "Rollback": False,
        "DryRun": False,
        "Tags": {},
        **changed,
    }


def bare_draft(request: Document, minutes: float = 0, **changed: Any) -> Draft:
    """Build the draft of a request, before it is settled what is deployed; its run starts when it is requested."""
    started_at = at(minutes)
    content: Document = {
        "execution": EXECUTION,
        "stack": STACK,
        "request_id": "event-1",
        "endpoint_name": "churn",
        "requested_at": started_at,
        "started_at": started_at,
        "timeout_seconds": 7200,
        "request": request,
        **changed,
    }
    return Draft(**content)


def draft(image: str = "a", minutes: float = 0, **changed: Any) -> Draft:
    """Build the draft of a complete request; what else a draft has can be changed, and so can the request."""
    fields = {name: changed.pop(name) for name in [*changed] if name in Draft.model_fields}
    request = complete_request(image, **changed)
    content = name_revision(request, at(minutes), ())
    return Draft.of_run(bare_draft(request, minutes, **fields), content)


def plan(image: str = "a", minutes: float = 0, action: Action = Action.UPDATE, **changed: Any) -> Plan:
    """Build a plan to deploy a complete request; by default it updates an endpoint that serves `old`."""
    before = {"previous": "old"} | {name: changed.pop(name) for name in [*changed] if name in Before.model_fields}
    return Plan.of(draft(image, minutes, **changed), action, 60, Before(**before))


def live(config: Revision | str = "old", *, tags: dict[str, str] | None = None, **changed: Any) -> Live:
    """Build an endpoint in service, last changed at noon; the config that it serves has tags as after a success."""
    name = config if isinstance(config, str) else config.name
    common = {STACK_TAG: STACK, EXECUTION_TAG: OTHER_EXECUTION, STATE_TAG: DEPLOYED, PREVIOUS_TAG: "older"}
    described = {
        "EndpointName": "churn",
        "EndpointArn": "arn:aws:sagemaker:us-east-1:111122223333:endpoint/churn",
        "EndpointConfigName": name,
        "EndpointStatus": "InService",
        "CreationTime": NOON,
        "LastModifiedTime": NOON,
        **changed,
    }
    return Live.of(described, {"EndpointConfigName": name}, common if tags is None else tags)


def pending_tags(execution: str = OTHER_EXECUTION, previous: str = "older") -> dict[str, str]:
    """Build the tags of a config whose run has not ended."""
    return {STACK_TAG: STACK, EXECUTION_TAG: execution, STATE_TAG: PENDING, PREVIOUS_TAG: previous}


def event_of(made: Plan, **more: Any) -> Document:
    """Build the event of a step: the plan as the execution's data keep it, and more."""
    return {"Plan": made.model_dump(mode="json", by_alias=True), **more}
