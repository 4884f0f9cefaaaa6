"""Warnings about what a plan cannot check; they are logged, and the event of the outcome has them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.errors import bounded
from deployer.planning.live_checks import alarm_names
from deployer.planning.plan import Action
from deployer.request.containers import containers
from deployer.request.scheduled_actions import past_actions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from deployer.json_document import Document


def plan_warnings(request: Document, action: Action, stack_role: str, now: datetime) -> list[str]:
    """Return a warning for each kind of unchecked fact, with the paths of the fields concerned.

    Args:
        request: The request, as far as it is complete.
        action: What is done with it.
        stack_role: The ARN of the role for models that name none.
        now: What time it is.
    """
    found: list[str] = []
    made = (request.get("RollbackAlarms") or {}).get("Alarms") if request.get("DeploymentConfig") else ()
    if action is Action.UPDATE and (made or alarm_names(request.get("DeploymentConfig"))):
        # Developer Guide, "Auto-Rollback Configuration and Monitoring".
        roles = ", ".join(_own_roles(request, stack_role))
        found += [f"{roles}: needs cloudwatch:DescribeAlarms, as SageMaker reads the rollback alarms by it"] * bool(
            roles
        )
    if action in {Action.NOTHING_TO_DO, Action.CONFIRM}:
        images = ", ".join(_tagged_images(request))
        text = "names a tag; a new image under it is not a change. Push it under another tag, or name its digest"
        found += [f"{images}: {text}"] * bool(images)
    # A rollback deploys what a request asked for long ago, and a person may take a day to approve another one.
    if past := ", ".join(past_actions(request.get("Scaling") or {}, now)):
        found.append(f"{past}: is in the past, and is left out")
    return [bounded(line) for line in found]


def _own_roles(request: Document, stack_role: str) -> Iterator[str]:
    parts = {f"Models.{key}": model for key, model in request.get("Models", {}).items()}
    for path, part in {**parts, "EndpointConfig": request.get("EndpointConfig") or {}}.items():
        if part.get("ExecutionRoleArn", stack_role) != stack_role:
            yield f"{path}.ExecutionRoleArn"


def _tagged_images(request: Document) -> Iterator[str]:
    for key, model in request.get("Models", {}).items():
        for path, container in containers(model, f"Models.{key}"):
            if "Image" in container and "@" not in container["Image"]:
                yield f"{path}.Image"
