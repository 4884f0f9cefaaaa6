"""The simulator on the wire: SageMaker's JSON 1.1 protocol, and the runtime's REST."""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from uuid import uuid4

from local.json_document import Document
from local.simulator.errors import ConnectionDroppedError, FunctionKilledError, ModelError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.simulator.simulator import Simulator

Response = tuple[int, dict[str, str], bytes]

_INVOCATION = re.compile(r"^/endpoints/(?P<name>[^/]+)/invocations/?$")
_JSON = "application/x-amz-json-1.1"


def respond(
    simulator: Simulator,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    authorize: Callable[[str, Document], None] | None = None,
) -> Response:
    """Answer an HTTP request of another process: what kills its caller is seen here as a connection that breaks.

    The arguments are those of `answer`.

    Raises:
        ConnectionDroppedError: The connection breaks instead of an answer.
    """
    try:
        return answer(simulator, path, headers, body, authorize)
    except FunctionKilledError as killed:
        raise ConnectionDroppedError from killed


def answer(
    simulator: Simulator,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    authorize: Callable[[str, Document], None] | None = None,
) -> Response:
    """Answer an HTTP request of this process.

    Args:
        simulator: Who answers.
        path: The URL's path, percent-encoded.
        headers: By name, in any case.
        body: The content.
        authorize: Called with the operation and its parameters before anything happens; raises ServiceError.

    Raises:
        ConnectionDroppedError: The connection breaks instead of an answer.
        FunctionKilledError: The caller's process dies.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    invocation = _INVOCATION.match(path)
    try:
        if invocation:
            return _invoke(simulator, unquote(invocation["name"]), lower, body, authorize)
        operation = lower.get("x-amz-target", "").rpartition(".")[2]
        parameters = json.loads(body or b"{}")
        if authorize:
            authorize(operation, parameters)
        answered = simulator.call(operation, parameters)
    except ServiceError as error:
        return _refusal(error, is_runtime=bool(invocation))
    except json.JSONDecodeError as error:
        return _refusal(ServiceError("SerializationException", str(error)), is_runtime=False)
    return 200, _headers(_JSON), json.dumps(answered, default=_plain).encode()


def _invoke(
    simulator: Simulator,
    name: str,
    headers: Mapping[str, str],
    body: bytes,
    authorize: Callable[[str, Document], None] | None,
) -> Response:
    parameters = {"EndpointName": name, "Body": body}
    for header, member in (
        ("content-type", "ContentType"),
        ("accept", "Accept"),
        ("x-amzn-sagemaker-target-variant", "TargetVariant"),
        ("x-amzn-sagemaker-target-model", "TargetModel"),
        ("x-amzn-sagemaker-target-container-hostname", "TargetContainerHostname"),
    ):
        if headers.get(header) and headers[header] != "*/*":
            parameters[member] = headers[header]
    if authorize:
        authorize("InvokeEndpoint", parameters)
    answered = simulator.invoke(parameters)
    invoked = {"x-amzn-invoked-production-variant": answered["InvokedProductionVariant"]}
    return 200, {**_headers(answered["ContentType"]), **invoked}, answered["Body"]


def _refusal(error: ServiceError, *, is_runtime: bool) -> Response:
    content: Document = {"message": error.message}
    if is_runtime:
        if isinstance(error, ModelError):
            original = {"OriginalStatusCode": error.original_status, "OriginalMessage": error.original_message}
            content = {"Message": error.message, **original}
        headers = {**_headers("application/json"), "x-amzn-errortype": error.code}
        return error.status, headers, json.dumps(content).encode()
    return error.status, _headers(_JSON), json.dumps({"__type": error.code, **content}).encode()


def _headers(content_type: str) -> dict[str, str]:
    return {"content-type": content_type, "x-amzn-requestid": str(uuid4())}


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(type(value))
