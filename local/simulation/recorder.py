"""Records a world's writes and calls, and invokes the endpoints after each event."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

from moto.s3.models import FakeKey, S3Backend

from local.json_document import Document
from local.simulation.account_state import configs_of
from local.simulation.actors import current_actor
from local.simulation.fault_windows import REFUSED
from local.simulation.records import Arrival, Call, ObjectWrite, Probe, Write
from local.simulation.registrations import watch_registrations
from local.simulator import ServiceError
from local.virtual_time.world import BUCKET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.simulation.fault_injector import FaultInjector
    from local.simulator.replicas import Table
    from local.virtual_time.world import World

_CHANGING = frozenset({"Creating", "Updating", "RollingBack", "SystemUpdating", "Deleting"})
_PROBE_SECONDS = 20.0
_LONGEST_PROBE_SECONDS = 300.0
_FAULTS = frozenset(
    {
        "ThrottlingException", "InternalFailure", "ConnectionDroppedError", "FunctionKilledError",
        "AccessDeniedException", "ResourceLimitExceeded",
    }
)  # fmt: skip
_FAILED = frozenset({"Failed", "RollingBack", "UpdateRollbackFailed"})
_SLOW_SECONDS = 5.0


class Recorder:
    """Records what happens in a world.

    Args:
        world: The world; its simulator is watched from now on.
        faults: Its faults, from which probes are exempt.

    Attributes:
        calls: The calls of SageMaker.
        probes: The invocations.
        object_writes: What was written to the artifact bucket while it was watched; see `watching_objects`.
        arrivals: The events of SageMaker that arrived.
        registrations: What was registered with Application Auto Scaling; see `local.simulation.registrations`.
    """

    def __init__(self, world: World, faults: FaultInjector) -> None:
        self._world, self._faults = world, faults
        self._writes: list[Write] = []
        self.calls: list[Call] = []
        self.probes: list[Probe] = []
        self.object_writes: list[ObjectWrite] = []
        self.arrivals: list[Arrival] = []
        self._is_probing = False
        self._probed_at = -1.0
        store = world.simulator.store
        for name in ("models", "configs", "endpoints", "tags"):
            self._watch_table(name, getattr(store, name))
        self._watch_calls()
        self.registrations = watch_registrations(world)
        world.arrivals = self._on_event

    @property
    def writes(self) -> list[Write]:
        """The writes to SageMaker, in the order of effect; asynchronous changes are noticed late."""
        return sorted(self._writes, key=lambda write: write.time)

    @property
    def fired(self) -> Counter[str]:
        """How often calls of SageMaker went wrong, by the kind of fault, and how often fleets did."""
        fired = Counter(f"sagemaker: {call.outcome}" for call in self.calls if call.outcome in _FAULTS)
        fired["sagemaker: ValidationException"] = sum(call.message == REFUSED for call in self.calls)
        fired["sagemaker: slow"] = sum(call.seconds >= _SLOW_SECONDS for call in self.calls)
        ends = (write.value["EndpointStatus"] for write in self._writes if write.is_asynchronous and write.value)
        fired.update(f"fleet: {status}" for status in ends if status in _FAILED)
        return +fired

    @contextmanager
    def watching_objects(self) -> Iterator[None]:
        """Record what is written to the artifact bucket and deleted from it."""
        with ExitStack() as stack:
            for operation in ("put_object", "delete_object"):
                stack.enter_context(mock.patch.object(S3Backend, operation, self._watched_object_call(operation)))
            yield

    def _on_event(self, event: Document) -> tuple[float, ...]:
        if event["source"] == "aws.sagemaker":
            detail = event["detail"]
            members = (detail[member] for member in ("EndpointName", "EndpointStatus", "EndpointConfigName"))
            self.arrivals.append(Arrival(self._world.clock.now(), event["id"], *members))
        return (0.0,)

    def _watched_object_call(self, operation: str) -> Callable[..., Any]:
        inner = getattr(S3Backend, operation)

        def watched(backend: S3Backend, bucket_name: str, key_name: str, *given: Any, **options: Any) -> Any:
            before = _newest(backend, bucket_name, key_name)[0]
            answer = inner(backend, bucket_name, key_name, *given, **options)
            if bucket_name == BUCKET:
                now, newest = self._world.clock.now(), _newest(backend, bucket_name, key_name)
                self.object_writes.append(ObjectWrite(now, *current_actor(), operation, key_name, before, *newest))
            return answer

        return watched

    def _watch_table(self, title: str, table: Table[Document]) -> None:
        write = table.write

        def watched(name: str, value: Document | None, now: float) -> None:
            before = table.current(name)
            write(name, value, now)
            self._writes.append(Write(now, *current_actor(), title, name, value, before))
            if title == "endpoints":
                self._probe_later(is_changing=value is not None and value["EndpointStatus"] in _CHANGING)

        table.write = watched  # type: ignore[method-assign]

    def _watch_calls(self) -> None:
        simulator = self._world.simulator
        call, invoke = simulator.call, simulator.invoke

        def watched(operation: str, parameters: Document, act: Callable[[], Document]) -> Document:
            outcome, attached, message, began = "ok", "", "", self._world.clock.now()
            try:
                answer = act()
                if operation == "UpdateEndpoint":
                    self._look_at_alarms(parameters)
                if operation.startswith("InvokeEndpoint"):
                    attached = self._attached(parameters["EndpointName"])
            except ServiceError as error:
                outcome, message = error.code, error.message
                raise
            except BaseException as error:
                outcome = type(error).__name__
                raise
            finally:
                now, actor = self._world.clock.now(), current_actor()
                self.calls.append(Call(now, *actor, operation, parameters, outcome, attached, message, now - began))
            return answer

        simulator.call = lambda operation, parameters: watched(  # type: ignore[method-assign]
            operation, parameters, lambda: call(operation, parameters)
        )
        self._invoke = invoke

        def watched_invoke(parameters: Document, operation: str = "InvokeEndpoint") -> Document:
            return watched(operation, parameters, lambda: invoke(parameters, operation))

        simulator.invoke = watched_invoke  # type: ignore[method-assign]

    def _look_at_alarms(self, update: Document) -> None:
        """Look at the alarms that guard an update from now on, so that it is noted which are missing."""
        rollback = update.get("DeploymentConfig", {}).get("AutoRollbackConfiguration", {})
        for alarm in rollback.get("Alarms", []):
            self._world.account.is_in_alarm(alarm["AlarmName"])

    def _attached(self, endpoint: str) -> str:
        record = self._world.simulator.store.endpoints.current(endpoint)
        return record["EndpointConfigName"] if record else ""

    def _probe_later(self, *, is_changing: bool) -> None:
        """Probe as soon as the writer is done, and keep probing for as long as an endpoint changes."""
        now = self._world.clock.now()
        if now != self._probed_at:
            self._probed_at = now
            self._world.clock.spawn(self.probe, name="probe")
        if is_changing and not self._is_probing:
            self._is_probing = True
            self._world.clock.spawn(self._keep_probing, name="probe")

    def _keep_probing(self) -> None:
        """Apply asynchronous changes close to the time they are due, not only at the next call."""
        clock, began = self._world.clock, self._world.clock.now()
        while True:
            clock.sleep(max(_PROBE_SECONDS, min(_LONGEST_PROBE_SECONDS, (clock.now() - began) / 20)))
            endpoints = self._world.simulator.resources()["Endpoints"].values()
            if not any(endpoint["EndpointStatus"] in _CHANGING for endpoint in endpoints):
                self._is_probing = False
                return

    def probe(self) -> None:
        """Invoke every endpoint that there is, as its users do all the time."""
        self._probed_at = -1.0
        with self._faults.suspended():
            for name, endpoint in self._world.simulator.resources()["Endpoints"].items():
                self.probes.append(self._probe(name, configs_of(endpoint)))

    def _probe(self, endpoint: str, configs: tuple[str, ...]) -> Probe:
        now = self._world.clock.now()
        try:
            answer = json.loads(self._invoke({"EndpointName": endpoint, "Body": b"{}"})["Body"])
        except ServiceError as error:
            return Probe(now, endpoint, configs, error.code)
        return Probe(now, endpoint, configs, "ok", answer["Model"], answer["Artifact"])


def _newest(backend: S3Backend, bucket: str, key: str) -> tuple[bytes | None, str]:
    """Return the current content of an object and its version; None, and no version, if there is none."""
    newest = backend.get_bucket(bucket).keys.get(key)
    return (bytes(newest.value), str(newest.version_id)) if isinstance(newest, FakeKey) else (None, "")
