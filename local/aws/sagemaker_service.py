"""SageMaker inside of MiniStack: its requests, authorized by MiniStack's own policy evaluator, reach the simulator."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from ministack.core.iam_evaluator import request_caller_arn
from ministack.core.responses import StreamingResponse
from ministack.core.router import extract_access_key_id

from local.aws.authorization import enforce, requested_tags, resource_tags
from local.aws.scaling import Scaling
from local.environment import ACCOUNT_ID, REGION
from local.json_document import Document
from local.simulator import ConnectionDroppedError, Simulator
from local.simulator.permissions import required_permissions
from local.simulator.wire import Response, respond

SERVICE = "sagemaker"


@dataclass(frozen=True)
class Call:
    """A request that SageMaker got.

    Attributes:
        caller: The ARN of who made it.
        operation: The API operation.
        resource: What it is about: the ARN that the caller's policies have to allow.
        status: The HTTP status of the answer; 0 if the connection broke.
        error: The code of the error that was answered; empty if it was none.
    """

    caller: str
    operation: str
    resource: str
    status: int
    error: str


class SageMaker:
    """The handler of SageMaker's requests in MiniStack, which has checked their signatures.

    Attributes:
        simulator: Who answers.
        calls: The requests so far, the denied ones too.
    """

    def __init__(self, simulator: Simulator, scaling: Scaling) -> None:
        """Let a simulator answer.

        Args:
            simulator: Who answers.
            scaling: Knows which variants are scaled; deleting an endpoint deregisters them, with the caller's rights.
        """
        self.simulator = simulator
        self._scaling = scaling
        self.calls: list[Call] = []

    async def handle(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
    ) -> tuple[int, dict[str, str], Any]:
        """Answer a request; the signature is that of all of MiniStack's handlers."""
        del method
        caller = request_caller_arn(headers, query)
        asked: list[tuple[str, str]] = []
        deleted: list[Document] = []

        def authorize(operation: str, parameters: Document) -> None:
            needed = required_permissions(operation, parameters, ACCOUNT_ID, REGION)
            asked.append((operation, needed[0].resource))
            access_key = extract_access_key_id(headers, query)
            tags = {tag["Key"]: tag["Value"] for tag in parameters.get("Tags", [])}
            requested = requested_tags(tags, parameters.get("TagKeys", []))
            for permission in needed:
                borne = resource_tags(self.simulator.tags_in_iam(permission.resource))
                enforce(permission, SERVICE, access_key, {**requested, **borne})
            if operation == "DeleteEndpoint":
                self._scaling.authorize_deregistration(str(parameters.get("EndpointName")), access_key)
                deleted.append(parameters)

        def answer() -> Response:
            return respond(self.simulator, path, headers, body, authorize)

        status, error = 0, ""
        try:
            # In a thread: the simulator may sleep, and asks MiniStack for roles, objects and alarms.
            status, answer_headers, content = await asyncio.to_thread(answer)
            if status < HTTPStatus.BAD_REQUEST:
                self._scaling.deregister_all({parameters["EndpointName"] for parameters in deleted})
            else:
                error = answer_headers.get("x-amzn-errortype") or json.loads(content)["__type"]
        except ConnectionDroppedError:
            return 200, {"content-length": "1"}, StreamingResponse(_break_off)
        finally:
            self.calls += [Call(caller, operation, resource, status, error) for operation, resource in asked]
        return status, answer_headers, content


async def _break_off(_send: object, _receive: object) -> None:
    """Send no body where the headers promise one: the client sees the connection break."""
