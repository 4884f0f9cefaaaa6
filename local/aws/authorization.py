"""Authorization of calls to the services that MiniStack lacks, by MiniStack's own policy evaluator."""

from collections.abc import Iterable, Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.iam_actions import identity_denial_message
from ministack.core.iam_evaluator import AuthError

from local.environment import REGION
from local.json_document import Document
from local.simulator import ServiceError
from local.simulator.permissions import Permission


def enforce(permission: Permission, service: str, access_key: str, conditions: Mapping[str, Any]) -> None:
    """Make sure that a caller has a permission.

    Args:
        permission: What the call needs.
        service: The service that is called, as requests for it are signed.
        access_key: The caller's.
        conditions: Keys of conditions that policies may name, besides the permission's own.

    Raises:
        ServiceError: The caller is unknown, or no policy allows it.
    """
    context = {**conditions, **permission.context}
    # Through the module, because `local.aws.audit` replaces the function there.
    denial = iam_evaluator.enforce(access_key, permission.action, service, REGION, permission.resource, context)
    if isinstance(denial, AuthError):
        raise ServiceError(denial.code, denial.message)
    if denial is not None:
        message = identity_denial_message(
            permission.action, denial.principal_arn, permission.resource, explicit_deny=denial.decision == "Deny"
        )
        raise ServiceError("AccessDeniedException", message)


def requested_tags(tags: Mapping[str, str], keys: Iterable[str] = ()) -> Document:
    """Return the tags that a request sets, and further keys that it names, as conditions of policies name them."""
    named = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    all_keys = [*tags, *keys]
    return {**named, "aws:TagKeys": all_keys} if all_keys else named


def resource_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that a resource bears, as conditions of policies name them."""
    return {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
