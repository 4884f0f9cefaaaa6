"""SageMaker inside of MiniStack: its requests, authorized by MiniStack's own policy evaluator, reach the simulator."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ministack.core.iam_actions import identity_denial_message
from ministack.core.iam_evaluator import AuthError, enforce, request_caller_arn
from ministack.core.responses import StreamingResponse
from ministack.core.router import extract_access_key_id

from local.hosting import ConnectionDroppedError, ServiceError, Simulator
from local.hosting.permissions import Permission, required_permissions
from local.hosting.wire import Response, respond
from local.settings import ACCOUNT_ID, REGION

SERVICE = "sagemaker"


@dataclass(frozen=True)
class Call:
    """A request that SageMaker got.

    Attributes:
        caller: The ARN of who made it.
        operation: The API operation.
        resource: What it is about: the ARN that the caller's policies have to allow.
        status: The HTTP status of the answer; 0 if the connection broke.
    """

    caller: str
    operation: str
    resource: str
    status: int


class SageMaker:
    """The handler of SageMaker's requests in MiniStack, which has checked their signatures.

    Attributes:
        simulator: Who answers.
        calls: The requests so far, the denied ones too.
    """

    def __init__(self, simulator: Simulator) -> None:
        """Let a simulator answer."""
        self.simulator = simulator
        self.calls: list[Call] = []

    async def handle(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
    ) -> tuple[int, dict[str, str], Any]:
        """Answer a request; the signature is that of all of MiniStack's handlers."""
        del method
        caller = request_caller_arn(headers, query)
        asked: list[tuple[str, str]] = []

        def authorize(operation: str, parameters: dict[str, Any]) -> None:
            needed = required_permissions(operation, parameters, ACCOUNT_ID, REGION)
            asked.append((operation, needed[0].resource))
            access_key, requested = extract_access_key_id(headers, query), _requested_tags(parameters)
            for permission in needed:
                _enforce(permission, access_key, {**requested, **self._tags_of(permission.resource)})

        def answer() -> Response:
            return respond(self.simulator, path, headers, body, authorize)

        status = 0
        try:
            # In a thread: the simulator may sleep, and asks MiniStack for roles, objects and alarms.
            status, answer_headers, content = await asyncio.to_thread(answer)
        except ConnectionDroppedError:
            return 200, {"content-length": "1"}, StreamingResponse(_break_off)
        finally:
            self.calls += [Call(caller, operation, resource, status) for operation, resource in asked]
        return status, answer_headers, content

    def _tags_of(self, arn: str) -> dict[str, str]:
        """Return a resource's tags as conditions of policies name them."""
        return {f"aws:ResourceTag/{key}": value for key, value in self.simulator.tags(arn).items()}


def _requested_tags(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the tags that a request sets, as conditions of policies name them."""
    tags = {tag["Key"]: tag["Value"] for tag in parameters.get("Tags", [])}
    keys = [*tags, *parameters.get("TagKeys", [])]
    named = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    return {**named, "aws:TagKeys": keys} if keys else named


def _enforce(permission: Permission, access_key: str, tags: Mapping[str, Any]) -> None:
    """Raise the service's error for a permission that the caller does not have."""
    context = {**tags, **permission.context}
    denial = enforce(access_key, permission.action, SERVICE, REGION, permission.resource, context)
    if isinstance(denial, AuthError):
        raise ServiceError(denial.code, denial.message)
    if denial is not None:
        message = identity_denial_message(
            permission.action, denial.principal_arn, permission.resource, explicit_deny=denial.decision == "Deny"
        )
        raise ServiceError("AccessDeniedException", message)


async def _break_off(_send: object, _receive: object) -> None:
    """Send no body where the headers promise one: the client sees the connection break."""
