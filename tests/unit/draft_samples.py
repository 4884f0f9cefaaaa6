"""Drafts of uploads and of requests by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.planning.draft import draft_deployment
from deployer.planning.plan import Plan
from deployer.planning.settings import Settings
from tests.unit.planning_account import BUCKET
from tests.unit.planning_samples import EXECUTION, NOON, STACK, at
from tests.unit.request_samples import REGISTRY, ROLE

if TYPE_CHECKING:
    from deployer.planning.draft_state import Draft, Upload
    from deployer.planning.plan import Action
    from tests.unit.planning_account import PlanningAccount


STARTED_AT = at(5)
IMAGE = {"PrimaryContainer": {"Image": f"{REGISTRY}/churn:1"}}


def settings(**changed: Any) -> Settings:
    """Build the settings of the stack."""
    values = {
        "account_id": "111122223333",
        "stack_name": STACK,
        "artifact_bucket": BUCKET,
        "artifact_prefix": "models/",
        "execution_role_arn": ROLE,
        "default_image": f"{REGISTRY}/default:1",
        "default_instance_type": "ml.m5.large",
        "deployment_timeout_seconds": 3600,
    }
    return Settings.model_validate({**values, **changed})


def object_created(upload: Upload) -> Document:
    """Build the event of an upload at noon."""
    return {
        "id": "event-1",
        "account": "111122223333",
        "time": NOON.isoformat(),
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": upload.bucket},
            "object": {"key": upload.key, "version-id": upload.version, "etag": "0"},
        },
    }


def draft_of(
    account: PlanningAccount, document: object, *, name: str = "run-1", **changed: Any
) -> tuple[Draft, Action | None]:
    """Draft the deployment of an input; with the action, if that does not depend on the endpoint."""
    execution = {"Id": EXECUTION, "Name": name, "StartTime": STARTED_AT.isoformat()}
    found = draft_deployment(document, execution, replace(account.planning, settings=settings(**changed)))
    return found, found.action if isinstance(found, Plan) else None


def decided(account: PlanningAccount, document: object) -> Plan:
    """Return the plan of an input whose action does not depend on the endpoint."""
    found, _ = draft_of(account, document)
    assert isinstance(found, Plan)
    return found


def rejection(account: PlanningAccount, document: object, **changed: Any) -> str:
    """Return the message with which an input is rejected."""
    with pytest.raises(InvalidRequestError) as rejected:
        draft_of(account, document, **changed)
    return str(rejected.value)
