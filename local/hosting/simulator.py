"""The simulator: SageMaker hosting in memory, one call at a time."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.hosting.endpoints import Endpoints
from local.hosting.errors import ConnectionDroppedError, ServiceError, internal_failure, role_not_ready, throttled
from local.hosting.fleet import Fleets, not_serving
from local.hosting.settings import Fault, Settings
from local.hosting.store import Registry, Store
from local.hosting.validation import check_answer, check_request, method_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.clock import Clock
    from local.hosting.store import Document

OPERATIONS = (
    "CreateModel", "DescribeModel", "DeleteModel", "ListModels",
    "CreateEndpointConfig", "DescribeEndpointConfig", "DeleteEndpointConfig", "ListEndpointConfigs",
    "CreateEndpoint", "DescribeEndpoint", "UpdateEndpoint", "DeleteEndpoint", "ListEndpoints",
    "UpdateEndpointWeightsAndCapacities", "AddTags", "ListTags", "DeleteTags",
)  # fmt: skip
"""What the simulator does of SageMaker's API; InvokeEndpoint, of the runtime's, comes on top."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call, and how it ended: `ok`, or the code of the error."""

    time: float
    operation: str
    parameters: Document
    outcome: str


class Simulator:
    """SageMaker hosting, of one account in one region.

    Args:
        clock: What time it is.
        settings: How it behaves; may be exchanged while it runs.
        seed: Repeats a run: which replica answers, how far each lags, which variant is chosen, which call a fault with
            a probability strikes.
        objects: Reads an S3 object (bucket, key) on behalf of an execution role's ARN. Without it, models do not
            really load: they echo their name.
        check_role: Called with an execution role and the model data it has to read; raises ServiceError.
        alarm_is_on: Tells whether a CloudWatch alarm is in alarm.
    """

    def __init__(  # noqa: PLR0913 - what it is wired to
        self,
        *,
        clock: Clock,
        settings: Settings | None = None,
        account_id: str = "111122223333",
        region: str = "us-east-1",
        seed: int = 0,
        objects: Callable[[str, str, str], bytes] | None = None,
        check_role: Callable[[str, str | None], None] | None = None,
        alarm_is_on: Callable[[str], bool] | None = None,
    ) -> None:
        self._store = Store(clock, settings or Settings(), account_id, region, seed)
        self._fleets = Fleets(self._store, objects)
        self._endpoints = Endpoints(self._store, self._fleets, alarm_is_on or (lambda _: False))
        self._registry = Registry(self._store, check_role or (lambda *_: None))
        self._role_check = check_role
        self._born = clock.now()
        self._lock = threading.RLock()
        self._struck: dict[int, int] = {}
        self._tokens = 0.0
        self._refilled = clock.now()
        self.calls: list[Call] = []

    @property
    def settings(self) -> Settings:
        """How the simulator behaves."""
        return self._store.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        with self._lock:
            self._store.settings = settings
            self._struck.clear()

    @property
    def store(self) -> Store:
        """What the account holds."""
        return self._store

    def call(self, operation: str, parameters: Document) -> Document:
        """Do an operation of SageMaker's API.

        Raises:
            ServiceError: The service refuses.
            ConnectionDroppedError: The connection breaks.
        """
        return self._recorded(operation, parameters, lambda: self._act(operation, parameters))

    def invoke(self, parameters: Document) -> Document:
        """Do InvokeEndpoint: ask the model behind an endpoint."""
        return self._recorded("InvokeEndpoint", parameters, lambda: self._invoke(parameters))

    def resources(self) -> dict[str, dict[str, Document]]:
        """Return what exists: `Models`, `EndpointConfigs` and `Endpoints`, each by name."""
        with self._lock:
            self._endpoints.catch_up()
            tables = {"Models": "models", "EndpointConfigs": "configs", "Endpoints": "endpoints"}
            return {title: dict(getattr(self._store, table).scan_current()) for title, table in tables.items()}

    def tags(self, arn: str) -> dict[str, str]:
        """Return a resource's tags."""
        return dict(self._store.tags_of(arn))

    def close(self) -> None:
        """End all model servers."""
        with self._lock:
            self._fleets.stop_all()

    def _recorded(self, operation: str, parameters: Document, act: Callable[[], Document]) -> Document:
        with self._lock:
            faults = self._strike(operation)
        for fault in faults:
            if fault.kind == "slow":
                self._store.clock.sleep(fault.seconds)
        with self._lock:
            began, outcome = self._store.clock.now(), "ok"
            try:
                self._throttle()
                _raise_for(faults, "before")
                self._store.is_stale = any(fault.kind == "stale" for fault in faults)
                answer = act()
                _raise_for(faults, "after")
            except ServiceError as error:
                outcome = error.code
                raise
            except ConnectionDroppedError:
                outcome = "dropped"
                raise
            finally:
                self._store.is_stale = False
                self.calls.append(Call(began, operation, parameters, outcome))
            return answer

    def _act(self, operation: str, parameters: Document) -> Document:
        if operation not in OPERATIONS:
            raise ServiceError("UnknownOperationException", f"The simulator does not do {operation}.")
        check_request(operation, parameters)
        method = method_name(operation)
        part = self._endpoints if hasattr(self._endpoints, method) else self._registry
        if operation == "CreateModel":
            self._check_role_is_ready(parameters)
        answer: Document = getattr(part, method)(parameters)
        check_answer(operation, answer)
        return answer

    def _invoke(self, parameters: Document) -> Document:
        endpoint = self._endpoints.serving(parameters["EndpointName"])
        if endpoint is None or "ProductionVariants" not in endpoint or endpoint["EndpointStatus"] == "Deleting":
            raise not_serving(parameters["EndpointName"], self._store.account_id)
        return self._fleets.invoke(endpoint, parameters)

    def _check_role_is_ready(self, parameters: Document) -> None:
        role = parameters.get("ExecutionRoleArn")
        if role and self._store.clock.now() < self._born + self.settings.role_delay:
            raise role_not_ready(role)

    def _throttle(self) -> None:
        """Answer no more calls a second than the settings allow; a bucket of one second's calls evens bursts out."""
        rate = self.settings.calls_per_second
        if rate is None:
            return
        now = self._store.clock.now()
        self._tokens = min(max(rate, 1.0), self._tokens + (now - self._refilled) * rate)
        self._refilled = now
        if self._tokens < 1:
            raise throttled()
        self._tokens -= 1

    def _strike(self, operation: str) -> list[Fault]:
        """Return the faults that strike this call."""
        struck = []
        for index, fault in enumerate(self.settings.faults):
            if fault.operation not in {operation, "*"}:
                continue
            if fault.probability < 1 and self._store.random.random() >= fault.probability:
                continue
            count = self._struck[index] = self._struck.get(index, 0) + 1
            if count > fault.skip and (fault.times is None or count <= fault.skip + fault.times):
                struck.append(fault)
        return struck


def _raise_for(faults: list[Fault], when: str) -> None:
    for fault in faults:
        if fault.when == when and (error := _error(fault)):
            raise error


def _error(fault: Fault) -> Exception | None:
    match fault.kind:
        case "rejected":
            return ServiceError(fault.code, fault.message)
        case "throttled":
            return throttled()
        case "unavailable":
            return internal_failure()
        case "dropped":
            return ConnectionDroppedError()
        case _:
            return None
