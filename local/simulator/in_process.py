"""boto3 clients that talk to a simulator in the same process, without a socket."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError
from urllib3.response import HTTPResponse

from local.simulator.errors import ConnectionDroppedError
from local.simulator.wire import answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.awsrequest import AWSPreparedRequest

    from local.simulator.simulator import Simulator


def attach(client: Any, simulator: Simulator) -> None:
    """Let a boto3 client of `sagemaker` or `sagemaker-runtime` talk to a simulator.

    All of botocore is at work but the socket: requests are serialised and signed, answers are parsed.
    """
    attach_to(client, lambda: simulator)


def attach_to(client: Any, simulator: Callable[[], Simulator]) -> None:
    """Do the same with a simulator that is looked up at each call.

    FunctionKilledError passes through botocore unharmed, since it is no `Exception`: nothing handles or retries it.
    """

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        headers = {name: _text(value) for name, value in request.headers.items()}
        body: Any = request.body or b""
        content = body.encode() if isinstance(body, str) else bytes(body)
        try:
            status, answer_headers, answered = answer(simulator(), urlsplit(request.url).path, headers, content)
        except ConnectionDroppedError as error:
            raise ConnectionClosedError(endpoint_url=request.url) from error
        raw = HTTPResponse(io.BytesIO(answered), answer_headers, status, preload_content=False)
        return AWSResponse(request.url, status, HTTPHeaders.from_dict(answer_headers), raw)

    client.meta.events.register_first(f"before-send.{client.meta.service_model.service_id.hyphenize()}.*", send)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
