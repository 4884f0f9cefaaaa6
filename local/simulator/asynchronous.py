"""InvokeEndpointAsync: the request waits, and its answer is an object in S3 that comes later.

Sources: SageMaker Runtime API Reference, InvokeEndpointAsync; Developer Guide, "Asynchronous inference". What the
object of a failure holds is not documented; here it is the message of the error.
"""

from __future__ import annotations

import heapq
import math
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from local.json_document import Document
from local.simulator.errors import ServiceError, refused
from local.simulator.targets import ASYNCHRONOUS, check_kind
from local.simulator.variants import all_variants

if TYPE_CHECKING:
    import threading

    from local.simulator.invocation import Invocation, Runtime
    from local.simulator.loading import Storage
    from local.simulator.store import Store

_MOST_INLINE_BYTES = 128_000
_TIME_TO_LIVE = 21_600.0
_BITS = 128


@dataclass(frozen=True, slots=True)
class _Request:
    request: Document
    output: str
    failure: str
    role: str
    ends: float


class Asynchronous:
    """The queue of asynchronous requests.

    Args:
        store: The account.
        runtime: Asks the containers.
        storage: S3; without it, answers are made and lost.
        lock: Held while a request has an effect on the account.
    """

    def __init__(self, store: Store, runtime: Runtime, storage: Storage | None, lock: threading.RLock) -> None:
        self._store, self._runtime, self._storage, self._lock = store, runtime, storage, lock
        self._queue: list[tuple[float, int, _Request]] = []
        self._tickets = 0

    @property
    def next_due(self) -> float:
        """When the next request is taken; infinite if none waits."""
        return self._queue[0][0] if self._queue else math.inf

    def accept(self, request: Document) -> Document:
        """Take a request into the queue, and return where its answer will be.

        Source: API Reference, InvokeEndpointAsync (InferenceId, OutputLocation, FailureLocation).
        """
        config = self._runtime.fleet(request["EndpointName"]).variants.config
        check_kind(ASYNCHRONOUS, request, config)
        _check_input(request)
        name = str(UUID(int=self._store.random.getrandbits(_BITS)))
        paths, now = config["AsyncInferenceConfig"]["OutputConfig"], self._store.clock.now()
        output, failure = (paths.get(member, "").rstrip("/") for member in ("S3OutputPath", "S3FailurePath"))
        waiting = _Request(
            request,
            f"{output}/{name}.out" if output else "",
            f"{failure}/{name}-error.out" if failure else "",
            self._role(config),
            now + request.get("RequestTTLSeconds", _TIME_TO_LIVE),
        )
        self._wait(waiting)
        answer = {"InferenceId": request.get("InferenceId", name)}
        locations = {"OutputLocation": waiting.output, "FailureLocation": waiting.failure}
        return answer | {member: uri for member, uri in locations.items() if uri}

    def take_due(self) -> list[tuple[_Request, Invocation]]:
        """Return the requests that an instance takes by now; those that none can take go on waiting.

        Source: API Reference, InvokeEndpointAsync (RequestTTLSeconds, 6 hours by default).
        """
        taken = []
        now = self._store.clock.now()
        while self.next_due <= now:
            waiting = heapq.heappop(self._queue)[2]
            try:
                taken.append((waiting, self._runtime.route(ASYNCHRONOUS, waiting.request)))
            except ServiceError:  # there is no instance, or no endpoint any more
                if now < waiting.ends:
                    self._wait(waiting)
        return taken

    def finish(self, waiting: _Request, invocation: Invocation) -> None:
        """Let the container answer, and write its answer, or what went wrong. Call it without a lock.

        Assumed: the object of a failure holds the message (trial: "the object of a failed asynchronous request").
        """
        try:
            body = self._input(waiting)
            location = waiting.output
            content: bytes = self._runtime.answer(_with_body(invocation, body))["Body"]
        except ServiceError as error:
            location, content = waiting.failure, error.message.encode()
        finally:
            with self._lock:
                invocation.fleet.let_go()
        if self._storage and location:
            bucket, _, key = location.removeprefix("s3://").partition("/")
            with suppress(ServiceError):  # what the role may not write is lost
                self._storage.write(bucket, key, content, waiting.role)

    def _wait(self, waiting: _Request) -> None:
        self._tickets += 1
        due = self._store.clock.now() + max(self._store.settings.asynchronous_seconds, 0.1)
        heapq.heappush(self._queue, (due, self._tickets, waiting))

    def _input(self, waiting: _Request) -> bytes:
        location = waiting.request.get("InputLocation")
        if location is None or self._storage is None:
            return bytes(waiting.request.get("Body", b""))
        bucket, _, key = location.removeprefix("s3://").partition("/")
        return self._storage.read(bucket, key, waiting.role)

    def _role(self, config: Document) -> str:
        """Return the role that the endpoint reads and writes as: that of its model."""
        names = [variant.get("ModelName", "") for variant in all_variants(config)]
        return str((self._store.models.current(names[0]) or {}).get("ExecutionRoleArn", ""))


def _check_input(request: Document) -> None:
    """The body stands in the request, up to 128,000 bytes, or is an object in S3.

    Source: API Reference, InvokeEndpointAsync (Body).
    """
    if ("InputLocation" in request) == bool(request.get("Body")):
        raise refused("Specify either InputLocation or Body.")
    if len(request.get("Body", b"")) > _MOST_INLINE_BYTES:
        raise refused(f"Body must be at most {_MOST_INLINE_BYTES} bytes. Use InputLocation for a larger one.")


def _with_body(invocation: Invocation, body: bytes) -> Invocation:
    kind = type(invocation)
    return kind({**invocation.request, "Body": body}, invocation.fleet, invocation.variant, invocation.server)
