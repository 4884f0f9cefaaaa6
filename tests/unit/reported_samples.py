"""Requests that people have published, and what the deployer makes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from deployer.errors import InvalidRequestError
from deployer.planning.draft import draft_deployment
from deployer.planning.plan import Plan
from tests.unit import draft_samples
from tests.unit.planning_samples import EXECUTION
from tests.unit.request_samples import REGISTRY

if TYPE_CHECKING:
    from deployer.planning.draft_state import Draft
    from deployer.planning.plan import Action
    from deployer.planning.settings import Settings
    from tests.unit.planning_account import PlanningAccount


def settings(**changed: Any) -> Settings:
    """Build the settings of a stack with a default instance type and no default image."""
    values = {
        "default_image": "",
        "deployment_timeout_seconds": 7200,
        "allowed_bucket_arns": "arn:aws:s3:::jumpstart-private-cache-prod-us-east-1",
    }
    return draft_samples.settings(**{**values, **changed})


def drafted(account: PlanningAccount, document: object, **changed: Any) -> tuple[Draft, Action | None]:
    """Draft a deployment."""
    execution = {"Id": EXECUTION, "Name": "run-1", "StartTime": account.now.isoformat()}
    found = draft_deployment(document, execution, replace(account.planning, settings=settings(**changed)))
    return found, found.action if isinstance(found, Plan) else None


def lines_of(account: PlanningAccount, document: object, **changed: Any) -> list[str]:
    """Return what is said of an input that is rejected."""
    with pytest.raises(InvalidRequestError) as rejected:
        drafted(account, document, **changed)
    return str(rejected.value).splitlines()


IMAGE = {"PrimaryContainer": {"Image": f"{REGISTRY}/a:1"}}
