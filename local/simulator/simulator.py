"""The simulator: SageMaker hosting in memory, one call at a time."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any

from local.json_document import Document
from local.simulator.asynchronous import Asynchronous
from local.simulator.calls import Calls
from local.simulator.components import Components
from local.simulator.endpoint_events import Events
from local.simulator.endpoints import Endpoints
from local.simulator.faults import Faults
from local.simulator.invocation import Runtime
from local.simulator.lifecycle import Lifecycle
from local.simulator.loading import Loader
from local.simulator.operations import Operations
from local.simulator.provisioner import Provisioner
from local.simulator.registry import Registry
from local.simulator.settings import Settings
from local.simulator.statuses import Statuses
from local.simulator.store import Store
from local.simulator.targets import ASYNCHRONOUS
from local.simulator.validation import model

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from local.simulator.calls import Call
    from local.simulator.clock import Clock
    from local.simulator.invocation import Invocation
    from local.simulator.loading import Storage


class Simulator:
    """SageMaker hosting, of one account in one region.

    Args:
        clock: The source of time.
        settings: How it behaves; may be exchanged while it runs.
        seed: Repeats a run: which replica answers, how far each lags, which fleet and variant is chosen, which call a
            fault with a probability affects.
        storage: S3, as execution roles read it. Without it, no data are loaded.
        runs_models: Whether models whose data are one object really run. Otherwise, and without `storage`, they echo
            their name and the digest of the data that they have loaded.
        check_role: Called with an execution role and the model data it has to read; raises ServiceError.
        alarm_is_on: Callback: returns whether a CloudWatch alarm is in alarm.
        is_scaled: Callback: returns whether a variant (endpoint's name, variant's name) is autoscaled.
        write_log: Called with each line that a model that really runs prints (endpoint's name, log stream, line).
        on_event: Called with each `aws.sagemaker` event as it arrives at EventBridge, from `catch_up`.
        on_due: Called with a moment at which something happens, if `catch_up` is called then. Without it, events arrive
            whenever `catch_up` is called.
        moment_of: Makes a time of the clock one that answers and events have; without it they have the clock's own.

    Attributes:
        calls: The calls so far, in the order in which they ended.
    """

    def __init__(  # noqa: PLR0913 - what it is wired to
        self,
        *,
        clock: Clock,
        settings: Settings | None = None,
        account_id: str = "111122223333",
        region: str = "us-east-1",
        seed: int = 0,
        storage: Storage | None = None,
        runs_models: bool = True,
        check_role: Callable[[str, str | None], None] | None = None,
        alarm_is_on: Callable[[str], bool] | None = None,
        is_scaled: Callable[[str, str], bool] | None = None,
        write_log: Callable[[str, str, str], None] | None = None,
        on_event: Callable[[Document], None] | None = None,
        on_due: Callable[[float], None] | None = None,
        moment_of: Callable[[float], datetime] | None = None,
    ) -> None:
        self._store = Store(clock, settings or Settings(), account_id, region, seed)
        if moment_of:
            self._store.moment_of = moment_of
        self._faults = Faults(self._store)
        self._events = Events(self._store)
        self._on_event, self._on_due = on_event or (lambda _: None), on_due or (lambda _: None)
        self._next_due = math.inf
        loader = Loader(self._store, storage, write_log, runs_models=runs_models)
        provisioner = self._provisioner = Provisioner(loader)
        self._lifecycle = Lifecycle(
            self._store, provisioner, self._faults, alarm_is_on or (lambda _: False), self._events
        )
        endpoints = Endpoints(self._store, self._lifecycle, is_scaled or (lambda *_: False))
        components = Components(self._store, self._lifecycle, loader)
        registry = Registry(self._store, check_role or (lambda *_: None))
        self._operations = Operations(self._store, endpoints, registry, components)
        self._runtime = Runtime(self._store, self._lifecycle, components)
        self._statuses = Statuses(self._store, self._lifecycle, provisioner)
        self._lock = threading.RLock()
        self._asynchronous = Asynchronous(self._store, self._runtime, storage, self._lock)
        self._calls = Calls(self._store, self._faults, self._lock, self._announce_next_due)
        self.calls: list[Call] = self._calls.done

    @property
    def settings(self) -> Settings:
        """How the simulator behaves."""
        return self._store.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        with self._lock:
            self._store.settings = settings
            self._faults.reset()

    @property
    def store(self) -> Store:
        """The resources of the account."""
        return self._store

    def call(self, operation: str, parameters: Document) -> Document:
        """Do an operation of SageMaker's API.

        Raises:
            ServiceError: The service refuses.
            ConnectionDroppedError: The connection breaks.
            FunctionKilledError: The caller's process is killed.
        """
        return self._calls.do(operation, parameters, lambda: self._operations.call(operation, parameters), _same)

    def invoke(self, parameters: Document, operation: str = "InvokeEndpoint") -> Document:
        """Do an operation of the runtime: ask the model behind an endpoint.

        Returns:
            What the API's answer has; the Body of a stream is the whole, and `StreamFailure` the message with which it
            breaks off, if it does.

        Raises:
            ServiceError: The service refuses, or the model answers with an error.
            ConnectionDroppedError: The connection breaks.
            FunctionKilledError: The caller's process is killed.
        """
        if operation == ASYNCHRONOUS:
            return self._calls.do(operation, parameters, lambda: self._asynchronous.accept(parameters), _same)
        is_stream = operation == "InvokeEndpointWithResponseStream"
        answer = self._stream if is_stream else self._answer
        return self._calls.do(operation, parameters, lambda: self._runtime.route(operation, parameters), answer)

    def set_status(
        self, endpoint_name: str, status: str, failure_reason: str = "", *, seconds: float | None = None
    ) -> None:
        """Put an endpoint into a status at once, whatever it was in, and cancel what was due to happen to it.

        A status that passes by itself passes after `seconds`, by default after as long as the settings say: Deleting
        ends in nothing, each other one in service on the config that is attached.

        Args:
            endpoint_name: The endpoint; LookupError if there is none.
            status: An EndpointStatus of the API; LookupError if there is none like it.
            failure_reason: The FailureReason.
            seconds: How long it lasts, if it passes; `math.inf` for ever.
        """
        statuses: Any = model("sagemaker").shape_for("EndpointStatus")
        if status not in statuses.enum:
            raise LookupError(status)
        with self._lock:
            self._lifecycle.catch_up()
            self._statuses.put(self._lifecycle.endpoints[endpoint_name], status, failure_reason, seconds)
            self._announce_next_due()

    def catch_up(self) -> None:
        """Apply the transitions that are due, as every call does, and deliver the events that are due.

        Call it just before an alarm changes, so that the alarm ends no stage that was over by then.
        """
        with self._lock:
            self._next_due = math.inf
            self._lifecycle.catch_up()
            arrived, taken = self._events.take_due(), self._asynchronous.take_due()
            self._announce_next_due()
        # Without the lock, because the receiver may call the simulator in turn, and containers take their time.
        for event in arrived:
            self._on_event(event)
        for waiting, invocation in taken:
            self._asynchronous.finish(waiting, invocation)

    def replace_instances(self, endpoint_name: str) -> str:
        """Replace all instances of an endpoint by new ones, as after a hardware failure.

        Returns:
            Why they do not come up; empty if they do.
        """
        with self._lock:
            self._lifecycle.catch_up()
            return self._provisioner.replace(self._lifecycle.endpoints[endpoint_name]) or ""

    def loaded(self, endpoint_name: str) -> dict[str, list[str]]:
        """Return what each instance has loaded that answers for an endpoint's config, by variant.

        It is the SHA-256 of the model's data, in hexadecimal, as in `Artifact` of the echoed answers.
        """
        with self._lock:
            self._lifecycle.catch_up()
            live = self._lifecycle.endpoints[endpoint_name].traffic.live
            by_variant = live.instances if live else {}
            return {name: [each.digest for each in instances] for name, instances in by_variant.items()}

    def resources(self) -> dict[str, dict[str, Document]]:
        """Return what exists: `Models`, `EndpointConfigs` and `Endpoints`, each by name."""
        with self._lock:
            self._lifecycle.catch_up()
            tables = {"Models": "models", "EndpointConfigs": "configs", "Endpoints": "endpoints"}
            return {title: dict(getattr(self._store, table).scan_current()) for title, table in tables.items()}

    def tags(self, arn: str) -> dict[str, str]:
        """Return a resource's tags."""
        return dict(self._store.tags_of(arn))

    def tags_in_iam(self, arn: str) -> dict[str, str]:
        """Return a resource's tags as IAM sees them: late, by the settings' `tag_lag`."""
        with self._lock:
            return dict(self._store.tags_in_iam(arn))

    def close(self) -> None:
        """End all model servers."""
        with self._lock:
            for endpoint in self._lifecycle.endpoints.values():
                self._lifecycle.cancel(endpoint)
                endpoint.traffic.end()

    def _announce_next_due(self) -> None:
        """Call `on_due` with the moment of the next transition, once for each moment."""
        due = min(self._lifecycle.next_due, self._events.next_due, self._asynchronous.next_due)
        if due < self._next_due:
            self._next_due = due
            self._on_due(due)

    def _answer(self, invocation: Invocation) -> Document:
        try:
            return self._runtime.answer(invocation)
        finally:
            with self._lock:
                invocation.fleet.let_go()

    def _stream(self, invocation: Invocation) -> Document:
        answer, failure = self._answer(invocation), self._runtime.stream_failure(invocation)
        return answer if failure is None else {**answer, "StreamFailure": failure}


def _same(answer: Document) -> Document:
    return answer
