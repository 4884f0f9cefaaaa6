"""How what the functions reach out to - clients, clock, chance and log - is that of the newest world."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any
from unittest import mock

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from urllib3.response import HTTPResponse

from deployer import runtime
from local.simulator.in_process import attach_to

if TYPE_CHECKING:
    from contextlib import ExitStack

    from botocore.awsrequest import AWSPreparedRequest

    from local.virtual_time.world import World

SERVICES = ("s3", "cloudwatch", "application-autoscaling")
"""What moto is."""


class EntryRefusedError(Exception):
    """The event bus answers, and says that it did not take the entry."""


def connect(made: list[World], stack: ExitStack) -> None:
    """Let the functions have the newest of some worlds around them, until a stack of contexts is left."""

    def now() -> datetime:
        return datetime.fromtimestamp(made[-1].clock.now(), UTC)

    def utc_now() -> datetime:
        return now().replace(tzinfo=None)

    def sleep(seconds: float) -> None:
        made[-1].clock.sleep(seconds)

    def draw(least: float, most: float) -> float:
        return made[-1].random.uniform(least, most)

    stack.enter_context(mock.patch("moto.s3.models.utcnow", utc_now))
    stack.enter_context(mock.patch("describe_endpoint_config.now", now))
    stack.enter_context(mock.patch("deployer.aws.sagemaker_calls.sleep", sleep))
    stack.enter_context(mock.patch("deployer.aws.sagemaker_calls.draw", draw))
    stack.enter_context(mock.patch.object(runtime.logger.registered_handler, "stream", _Log(made)))
    _connect_clients(made)


class _Log:
    """A stream that is the newest world's log."""

    def __init__(self, made: list[World]) -> None:
        self._made = made

    def write(self, text: str) -> int:
        return self._made[-1].log.write(text)

    def flush(self) -> None:
        """All is in memory."""


def _connect_clients(made: list[World]) -> None:
    for service in ("sagemaker", "sagemaker-runtime"):
        attach_to(runtime.client(service), lambda: made[-1].simulator)
    for service in SERVICES:

        def strike(event_name: str, *, service: str = service, **_: Any) -> None:
            made[-1].strike(service, event_name.rpartition(".")[2], "before")

        events: Any = runtime.client(service).meta.events
        events.register_first(
            f"before-send.{runtime.client(service).meta.service_model.service_id.hyphenize()}.*", strike
        )

    def put_events(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        world = made[-1]
        world.strike("events", "PutEvents", "before")
        body: Any = request.body
        entries = json.loads(body)["Entries"]
        answer: dict[str, Any] = {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}
        try:
            world.strike("events", "PutEvents", "entry")
            world.bus += [json.loads(entry["Detail"]) for entry in entries]
        except EntryRefusedError as error:
            refused = {"ErrorCode": "InternalFailure", "ErrorMessage": str(error)}
            answer = {"FailedEntryCount": 1, "Entries": [refused]}
        world.strike("events", "PutEvents", "after")
        raw = HTTPResponse(BytesIO(json.dumps(answer).encode()), preload_content=False)
        return AWSResponse(request.url, 200, HTTPHeaders(), raw)

    bus: Any = runtime.client("events").meta.events
    bus.register_first("before-send.eventbridge.*", put_events)
