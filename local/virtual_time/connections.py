"""Connects the functions' clients, clock, randomness and log with the newest world."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto.core.base_backend import BaseBackend
from moto.core.models import botocore_stubber
from moto.s3.models import S3Backend
from urllib3.response import HTTPResponse

from deployer import clock, runtime
from deployer.aws import s3_copy
from local.json_document import Document
from local.simulator.errors import ServiceError
from local.simulator.in_process import attach_to
from local.virtual_time.s3_corrections import S3Corrections

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from botocore.awsrequest import AWSPreparedRequest

    from local.virtual_time.world import World

SERVICES = ("s3", "cloudwatch")
"""The services that moto simulates."""

SCALING: Any = "application-autoscaling"


class EntryRefusedError(Exception):
    """The event bus answers, and says that it did not take the entry."""


def connect(made: list[World], stack: ExitStack, s3: Any) -> None:
    """Connect the functions with the newest of some worlds.

    Args:
        made: The worlds.
        stack: Ends it when it is left.
        s3: A client of moto's S3 without injected faults.
    """

    def now() -> datetime:
        return datetime.fromtimestamp(made[-1].clock.now(), UTC)

    def utc_now() -> datetime:
        return now().replace(tzinfo=None)

    def monotonic() -> float:
        return made[-1].clock.now()

    def sleep(seconds: float) -> None:
        made[-1].clock.sleep(seconds)

    def draw(least: float, most: float) -> float:
        return made[-1].random.uniform(least, most)

    for function in (now, monotonic, sleep, draw):
        stack.enter_context(mock.patch.object(clock, function.__name__, function))
    for module in ("s3", "cloudwatch"):
        stack.enter_context(mock.patch(f"moto.{module}.models.utcnow", utc_now))
    # moto loads the module for each call again, as variables may change it.
    stack.enter_context(mock.patch.object(S3Backend, "_url_module", BaseBackend._url_module))  # noqa: SLF001
    # With one worker the copies are made in the thread that has its turn.
    stack.enter_context(mock.patch.object(s3_copy, "WORKERS", 1))
    stack.enter_context(mock.patch.object(runtime.logger.registered_handler, "stream", _Log(made)))
    _connect_clients(made, s3)


class _Log:
    """A stream that is the newest world's log."""

    def __init__(self, made: list[World]) -> None:
        self._made = made

    def write(self, text: str) -> int:
        return self._made[-1].log.write(text)

    def flush(self) -> None:
        """Do nothing: the log is in memory."""


def connect_scaling(client: Any, made: list[World]) -> None:
    """Let a client talk to the newest world's Application Auto Scaling."""
    # What is asked of the simulator there is `call` alone, which the service has, too.
    attach_to(client, lambda: cast("Any", made[-1].scaling))
    _spare_moto(client)


def name_no_versions(client: Any) -> None:
    """Shorten the header `User-Agent`, which nobody reads here, and which botocore builds again twice for each call."""
    client._user_agent_creator._client_config._supplied_user_agent = "deployer"  # noqa: SLF001 - botocore has no hook for it


def _spare_moto(client: Any) -> None:
    """Keep from moto the calls that it does not answer: botocore asks everybody, and takes the first answer.

    Only moto reads signatures, so there are none either.
    """
    client.meta.events.unregister("before-send", botocore_stubber)
    client.meta.events.register("choose-signer", lambda **_: UNSIGNED)


def _connect_clients(made: list[World], s3: Any) -> None:
    for service in ("sagemaker", "sagemaker-runtime"):
        attach_to(runtime.client(service), lambda: made[-1].simulator)
        _spare_moto(runtime.client(service))
    for client in (runtime.client("s3"), runtime.copy_client()):
        S3Corrections(s3).attach(client)
    connect_scaling(runtime.client(SCALING), made)
    for client in (*map(runtime.client, (*SERVICES, SCALING)), runtime.copy_client()):
        _inject_faults(client, made)
    _answer(runtime.client("stepfunctions"), made, _call_step_functions)
    _answer(runtime.client("events"), made, _put_events)
    services = ("sagemaker", "sagemaker-runtime", *SERVICES, SCALING, "stepfunctions", "events")
    for client in (*map(runtime.client, services), runtime.copy_client()):
        name_no_versions(client)


def _inject_faults(client: Any, made: list[World]) -> None:
    """Inject the newest world's faults before and after each call of moto."""
    service = client.meta.service_model.service_name
    hyphenized = client.meta.service_model.service_id.hyphenize()

    def before(event_name: str, **_: Any) -> None:
        made[-1].inject_fault(service, event_name.rpartition(".")[2], "before")

    def after(event_name: str, **_: Any) -> None:
        made[-1].inject_fault(service, event_name.rpartition(".")[2], "after")

    client.meta.events.register_first(f"before-call.{hyphenized}.*", before)
    client.meta.events.register_first(f"after-call.{hyphenized}.*", after)


def _answer(client: Any, made: list[World], act: Callable[[World, str, Document], Document]) -> None:
    """Let a function answer a client's calls, in JSON, in place of the service."""
    service = client.meta.service_model.service_name
    hyphenized = client.meta.service_model.service_id.hyphenize()

    def send(request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse:
        world, operation = made[-1], event_name.rpartition(".")[2]
        body: Any = request.body
        status = 200
        world.inject_fault(service, operation, "before")
        try:
            answer = act(world, operation, json.loads(body))
        except ServiceError as error:
            status, answer = error.status, {"__type": error.code, "message": error.message}
        world.inject_fault(service, operation, "after")
        raw = HTTPResponse(BytesIO(json.dumps(answer).encode()), preload_content=False)
        return AWSResponse(request.url, status, HTTPHeaders(), raw)

    client.meta.events.register_first(f"before-send.{hyphenized}.*", send)
    _spare_moto(client)


def _call_step_functions(world: World, operation: str, request: Document) -> Document:
    return world.step_functions.call(operation, request)


def _put_events(world: World, _operation: str, request: Document) -> Document:
    try:
        world.inject_fault("events", "PutEvents", "entry")
    except EntryRefusedError as error:
        refused = {"ErrorCode": "InternalFailure", "ErrorMessage": str(error)}
        return {"FailedEntryCount": len(request["Entries"]), "Entries": [refused] * len(request["Entries"])}
    for entry in request["Entries"]:
        world.put_event(entry["DetailType"], json.loads(entry["Detail"]))
    return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}] * len(request["Entries"])}
