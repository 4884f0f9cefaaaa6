"""The only code that reads CloudWatch Logs: the last lines of the containers of a fleet that failed.

SageMaker writes what containers print to the log group `/aws/sagemaker/Endpoints/<EndpointName>`, into a stream
`<variant>/<instance>` for each instance, with the container's name behind it in an inference pipeline (SageMaker
Developer Guide, "CloudWatch Logs for Amazon SageMaker AI"). Groups and streams outlive the endpoint.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from deployer.errors import AccessDeniedError, MonitoringUnavailableError
from deployer.json_document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from botocore.client import BaseClient

_MOST_PAGES = 10
"""Pages of 50 streams each; the streams that were written to last come first."""

_LINE_CHARACTERS = 500
_BYTES = 4 * 1024
"""Bytes of all lines together, as they count in JSON."""

_OF_ASYNCHRONOUS_DATA = "/data-log"


@dataclass(frozen=True, slots=True)
class LogExcerpt:
    """The end of a log stream."""

    group: str
    stream: str
    lines: tuple[str, ...]


class ContainerLogs:
    """The logs of the containers of endpoints.

    Args:
        client: A boto3 client of `logs`.
    """

    def __init__(self, client: BaseClient) -> None:
        self._client: Any = client

    def last_lines(self, endpoint_name: str, since: datetime, most: int, variant: str = "") -> LogExcerpt | None:
        """Return the last lines of the first instance that came up after a moment; None if none has logged anything.

        Later instances may be those that the endpoint was restored with.

        Args:
            endpoint_name: The endpoint.
            since: When the fleet began to come up.
            most: How many lines to return at most.
            variant: The variant to look at; empty for any.

        Raises:
            AccessDeniedError: A policy does not allow it.
            MonitoringUnavailableError: CloudWatch Logs throttled, failed or did not answer.
        """
        group = f"/aws/sagemaker/Endpoints/{endpoint_name}"
        began = since.timestamp() * 1000
        new = [stream for stream in self._streams(group) if stream["creationTime"] >= began]
        own = [stream for stream in new if stream["logStreamName"].startswith(f"{variant}/" if variant else "")]
        for stream in sorted(own, key=lambda each: (each["creationTime"], each["logStreamName"])):
            names = {"logGroupName": group, "logStreamName": stream["logStreamName"]}
            events = self._call("get_log_events", **names, limit=most, startFromHead=False)["events"]
            if events:
                return LogExcerpt(group, stream["logStreamName"], excerpt([event["message"] for event in events]))
        return None

    def _streams(self, group: str) -> Iterator[Document]:
        marker: Document = {}
        for _ in range(_MOST_PAGES):
            page = self._call(
                "describe_log_streams", logGroupName=group, orderBy="LastEventTime", descending=True, **marker
            )
            for stream in page.get("logStreams", []):
                if not stream["logStreamName"].endswith(_OF_ASYNCHRONOUS_DATA):
                    yield stream
            if "nextToken" not in page:
                return
            marker = {"nextToken": page["nextToken"]}

    def _call(self, method: str, **parameters: Any) -> Document:
        try:
            answer: Document = getattr(self._client, method)(**parameters)
        except ClientError as error:
            code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
            if code == "ResourceNotFoundException":
                return {"events": []}
            kind = AccessDeniedError if code.startswith("AccessDenied") else MonitoringUnavailableError
            raise kind(f"{method}: {code}: {message}") from error
        except BotoCoreError as error:
            raise MonitoringUnavailableError(f"{method}: {error}") from error
        return answer


def excerpt(messages: Sequence[str]) -> tuple[str, ...]:
    """Return the last lines that fit an event, each cut to a length."""
    kept: list[str] = []
    room = _BYTES
    for message in reversed(messages):
        line = message.rstrip()
        line = line if len(line) <= _LINE_CHARACTERS else f"{line[:_LINE_CHARACTERS]}…"
        room -= len(json.dumps(line))
        if room < 0:
            break
        kept.append(line)
    return tuple(reversed(kept))
