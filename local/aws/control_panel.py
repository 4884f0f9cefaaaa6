"""The server's side of `local.aws.control`: an ASGI application in front of MiniStack's."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from local.aws.audit import Audit, Authorization
from local.aws.control import PATH
from local.aws.ministack_states import StepFunctions
from local.aws.sagemaker_service import Call, SageMaker
from local.json_document import Document
from local.simulator import Settings

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_SETTINGS = TypeAdapter(Settings)
_CALLS = TypeAdapter(list[Call])
_AUTHORIZATIONS = TypeAdapter(list[Authorization])
_SECONDS = TypeAdapter(float)
_RESOURCES = TypeAdapter(dict[str, Document])


@dataclass(frozen=True)
class ControlPanel:
    """Answers the control's requests, and passes all others on.

    Attributes:
        sagemaker: The handler of SageMaker's requests.
        audit: The record of IAM's decisions.
        states: Step Functions, whose time can be put ahead.
        application: The application that gets the other requests.
    """

    sagemaker: SageMaker
    audit: Audit
    states: StepFunctions
    application: Application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http" or not scope["path"].startswith(PATH):
            # The bucket's policy demands TLS. Loopback is as private, and saves each client a certificate to trust.
            await self.application({**scope, "scheme": "https"}, receive, send)
            return
        body = await _read(receive)
        try:
            status, content = 200, await asyncio.to_thread(self._answer, scope["method"], scope["path"], body)
        except (ValidationError, LookupError) as error:
            status, content = 400, str(error).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _answer(self, method: str, path: str, body: bytes) -> bytes:
        simulator = self.sagemaker.simulator
        name = path.removeprefix(PATH)
        if (method, name) == ("PUT", "settings"):
            simulator.settings = _SETTINGS.validate_json(body)
        if (method, name) == ("PUT", "ahead"):
            self.states.ahead = _SECONDS.validate_json(body)
        answers: dict[str, Callable[[], bytes]] = {
            "settings": lambda: _SETTINGS.dump_json(simulator.settings),
            "calls": lambda: _CALLS.dump_json(self.sagemaker.calls),
            "authorizations": lambda: _AUTHORIZATIONS.dump_json(self.audit.authorizations),
            "resources": lambda: _RESOURCES.dump_json(simulator.resources()),
            "ahead": lambda: _SECONDS.dump_json(self.states.ahead),
        }
        return answers[name]()


async def _read(receive: Receive) -> bytes:
    body, is_whole = b"", False
    while not is_whole:
        message = await receive()
        body += message.get("body", b"")
        is_whole = not message.get("more_body", False)
    return body
