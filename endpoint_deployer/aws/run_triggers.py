"""The trigger of an execution, read from its input: the endpoint that it names, and a description."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from endpoint_deployer.json_document import Document


def endpoint_name_of(trigger: object, prefix: str) -> str:
    """Return the endpoint that the input of an execution names; empty if it names none.

    It is the folder of an upload, the group of a model package, or the `EndpointName` of a request.
    """
    event = trigger if isinstance(trigger, dict) else {}
    detail = event.get("detail") if "detail-type" in event else event
    if not isinstance(detail, dict):
        return ""
    uploaded = detail.get("object")
    key = uploaded.get("key") if isinstance(uploaded, dict) else None
    if isinstance(key, str):
        return key.removeprefix(prefix).partition("/")[0] if key.startswith(prefix) else ""
    name = detail.get("ModelPackageGroupName", detail.get("EndpointName"))
    return name if isinstance(name, str) else ""


def describe_trigger(trigger: object, name: str) -> str:
    """Say in words what started an execution."""
    event = trigger if isinstance(trigger, dict) else {}
    given = event.get("detail")
    detail: Document = given if isinstance(given, dict) else {}
    if "object" in detail:
        by = f" by {detail['requester']}" if detail.get("requester") else ""
        return f"upload of {detail['object'].get('key')}{by}"
    if "ModelPackageArn" in detail:
        return f"approval of {str(detail['ModelPackageArn']).rpartition(':')[2]}"
    if "StoredRequest" in detail:
        return f"promotion of {detail.get('Revision')} from account {event.get('account')}"
    if "detail-type" in event:
        return f"event of {event.get('source')}"
    return f"by hand: {name}"
