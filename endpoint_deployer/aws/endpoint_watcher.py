"""Watches an endpoint from outside, as its owner would: by describing it again and again."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from endpoint_deployer.json_document import Document

_STOP_SECONDS = 30.0


class EndpointWatcher:
    """Describes an endpoint in a thread during a `with` block, and passes each answer to a callback.

    A call that fails is skipped: the endpoint may not be there yet.

    Args:
        client: A boto3 client of SageMaker.
        name: The endpoint's name.
        on_endpoint: Called with each answer of DescribeEndpoint, in the thread.
        pause: Seconds between two calls.
    """

    def __init__(self, client: Any, name: str, on_endpoint: Callable[[Document], None], *, pause: float) -> None:
        self._client = client
        self._name = name
        self._on_endpoint = on_endpoint
        self._pause = pause
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(_STOP_SECONDS)

    def _watch(self) -> None:
        while not self._ended.wait(self._pause):
            try:
                endpoint = self._client.describe_endpoint(EndpointName=self._name)
            except (BotoCoreError, ClientError):
                continue
            self._on_endpoint(endpoint)
