"""The simulator on the wire: SageMaker's JSON 1.1 protocol, and the runtime's REST.

Source: botocore's service models.
"""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from uuid import uuid4

from local.json_document import Document
from local.simulator.errors import ConnectionDroppedError, FunctionKilledError, ModelError, ServiceError, not_simulated
from local.simulator.event_stream import encode_stream
from local.simulator.validation import operation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.simulator.simulator import Simulator

Response = tuple[int, dict[str, str], bytes]

_INVOCATION = re.compile(r"^/endpoints/(?P<name>[^/]+)/(?P<what>[a-z-]*invocations[a-z-]*)/?$")
_PATHS = {
    "invocations": "InvokeEndpoint",
    "async-invocations": "InvokeEndpointAsync",
    "invocations-response-stream": "InvokeEndpointWithResponseStream",
}
OPERATIONS_OF_RUNTIME = tuple(_PATHS.values())
"""The operations of SageMaker's runtime that the simulator has."""

_RUNTIME = "sagemaker-runtime"
_STREAM = "application/vnd.amazon.eventstream"
_JSON = "application/x-amz-json-1.1"


def respond(
    simulator: Simulator,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    authorize: Callable[[str, Document], None] | None = None,
) -> Response:
    """Answer an HTTP request of another process: what kills its caller is seen here as a connection that breaks.

    Source: botocore's service models.

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

    Source: botocore's service models.

    Args:
        simulator: Who answers.
        path: The URL's path, percent-encoded.
        headers: By name, in any case.
        body: The content.
        authorize: Called with the operation and its parameters before anything happens; raises ServiceError.

    Raises:
        ConnectionDroppedError: The connection breaks instead of an answer.
        FunctionKilledError: The caller's process is killed.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    invocation = _INVOCATION.match(path)
    authorize = authorize or _allow
    try:
        if invocation:
            name, what = unquote(invocation["name"]), _PATHS.get(invocation["what"], invocation["what"])
            parameters = _parameters(what, name, lower, body)
            authorize(what, parameters)
            return _invocation_answer(what, simulator.invoke(parameters, what))
        called = lower.get("x-amz-target", "").rpartition(".")[2]
        parameters = json.loads(body or b"{}")
        authorize(called, parameters)
        answered = simulator.call(called, parameters)
    except ServiceError as error:
        return _refusal(error, is_runtime=bool(invocation))
    except json.JSONDecodeError as error:
        return _refusal(ServiceError("SerializationException", str(error)), is_runtime=False)
    return 200, _headers(_JSON), json.dumps(answered, default=_plain).encode()


def _allow(_operation: str, _parameters: Document) -> None:
    """Allow every call."""


def _parameters(what: str, name: str, headers: Mapping[str, str], body: bytes) -> Document:
    """Return what an operation of the runtime is called with.

    Raises:
        ServiceError: The simulator does not do the operation.
    """
    if what not in OPERATIONS_OF_RUNTIME:
        raise not_simulated(what)
    parameters: Document = {"EndpointName": name, "Body": body}
    shape: Any = operation(what, _RUNTIME).input_shape
    for member, value in shape.members.items():
        given = headers.get(str(value.serialization.get("name")).lower())
        if value.serialization.get("location") == "header" and given and given != "*/*":
            parameters[member] = int(given) if value.type_name == "integer" else given
    return parameters


def _invocation_answer(what: str, answered: Document) -> Response:
    """Write the answer of an operation of the runtime: some of its members are headers, and Body is the content."""
    failure = answered.pop("StreamFailure", None)
    model: Any = operation(what, _RUNTIME)
    members, headers = dict(answered), _headers(_JSON)
    for member, value in model.output_shape.members.items():
        if member in members and value.serialization.get("location") == "header":
            headers[value.serialization["name"].lower()] = str(members.pop(member))
    if model.has_event_stream_output:
        return 200, {**headers, "content-type": _STREAM}, encode_stream(members["Body"], failure)
    content = members["Body"] if "Body" in members else json.dumps(members).encode()
    return model.http.get("responseCode", 200), headers, content


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
