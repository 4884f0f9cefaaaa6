"""The simulator: SageMaker hosting in memory, one call at a time."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from local.simulator.endpoints import Endpoints
from local.simulator.errors import ConnectionDroppedError, FunctionKilledError, ServiceError, role_not_ready
from local.simulator.faults import Faults, raise_for, wait_for
from local.simulator.fleet import Provisioner
from local.simulator.lifecycle import Lifecycle
from local.simulator.registry import Registry
from local.simulator.runtime import Runtime
from local.simulator.settings import Settings
from local.simulator.statuses import Statuses
from local.simulator.store import Store
from local.simulator.throttle import Throttle
from local.simulator.validation import check_answer, check_request, method_name, model

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.aws.clock import Clock
    from local.simulator.runtime import Invocation
    from local.simulator.variants import Document

T = TypeVar("T")

OPERATIONS = (
    "CreateModel", "DescribeModel", "DeleteModel", "ListModels",
    "CreateEndpointConfig", "DescribeEndpointConfig", "DeleteEndpointConfig", "ListEndpointConfigs",
    "CreateEndpoint", "DescribeEndpoint", "UpdateEndpoint", "DeleteEndpoint", "ListEndpoints",
    "UpdateEndpointWeightsAndCapacities", "AddTags", "ListTags", "DeleteTags",
)  # fmt: skip
"""What the simulator does of SageMaker's API; InvokeEndpoint, of the runtime's, comes on top."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call, and how it ended: `ok`, the code of the error, `dropped` or `killed`."""

    time: float
    operation: str
    parameters: Document
    outcome: str


class Simulator:
    """SageMaker hosting, of one account in one region.

    Args:
        clock: What time it is.
        settings: How it behaves; may be exchanged while it runs.
        seed: Repeats a run: which replica answers, how far each lags, which fleet and variant is chosen, which call a
            fault with a probability strikes.
        objects: Reads an S3 object (bucket, key) on behalf of an execution role's ARN. Without it, models do not
            really load: they echo their name.
        check_role: Called with an execution role and the model data it has to read; raises ServiceError.
        alarm_is_on: Tells whether a CloudWatch alarm is in alarm.
        is_scaled: Tells whether Application Auto Scaling manages a variant (endpoint's name, variant's name).

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
        objects: Callable[[str, str, str], bytes] | None = None,
        check_role: Callable[[str, str | None], None] | None = None,
        alarm_is_on: Callable[[str], bool] | None = None,
        is_scaled: Callable[[str, str], bool] | None = None,
    ) -> None:
        self._store = Store(clock, settings or Settings(), account_id, region, seed)
        self._faults = Faults(self._store)
        provisioner = Provisioner(self._store, objects)
        self._lifecycle = Lifecycle(self._store, provisioner, self._faults, alarm_is_on or (lambda _: False))
        self._endpoints = Endpoints(self._store, self._lifecycle, is_scaled or (lambda *_: False))
        self._registry = Registry(self._store, check_role or (lambda *_: None))
        self._runtime = Runtime(self._store, self._lifecycle)
        self._statuses = Statuses(self._store, self._lifecycle)
        self._born = clock.now()
        self._lock = threading.RLock()
        self._throttle = Throttle(self._store)
        self.calls: list[Call] = []

    @property
    def settings(self) -> Settings:
        """How the simulator behaves."""
        return self._store.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        with self._lock:
            self._store.settings = settings
            self._faults.start_anew()

    @property
    def store(self) -> Store:
        """What the account holds."""
        return self._store

    def call(self, operation: str, parameters: Document) -> Document:
        """Do an operation of SageMaker's API.

        Raises:
            ServiceError: The service refuses.
            ConnectionDroppedError: The connection breaks.
            FunctionKilledError: The caller's process dies.
        """
        return self._recorded(operation, parameters, lambda: self._act(operation, parameters), lambda answer: answer)

    def invoke(self, parameters: Document) -> Document:
        """Do InvokeEndpoint: ask the model behind an endpoint.

        Raises:
            ServiceError: The service refuses, or the model answers with an error.
            ConnectionDroppedError: The connection breaks.
            FunctionKilledError: The caller's process dies.
        """
        return self._recorded("InvokeEndpoint", parameters, lambda: self._runtime.route(parameters), self._answer)

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

    def catch_up(self) -> None:
        """Let happen what is due by now, as every call does.

        Whoever changes an alarm calls it just before: so the alarm ends no stage that was over by then.
        """
        with self._lock:
            self._lifecycle.catch_up()

    def resources(self) -> dict[str, dict[str, Document]]:
        """Return what exists: `Models`, `EndpointConfigs` and `Endpoints`, each by name."""
        with self._lock:
            self._lifecycle.catch_up()
            tables = {"Models": "models", "EndpointConfigs": "configs", "Endpoints": "endpoints"}
            return {title: dict(getattr(self._store, table).scan_current()) for title, table in tables.items()}

    def tags(self, arn: str) -> dict[str, str]:
        """Return a resource's tags."""
        return dict(self._store.tags_of(arn))

    def close(self) -> None:
        """End all model servers."""
        with self._lock:
            for endpoint in self._lifecycle.endpoints.values():
                self._lifecycle.cancel(endpoint)
                endpoint.traffic.end()

    def _recorded(
        self, operation: str, parameters: Document, act: Callable[[], T], finish: Callable[[T], Document]
    ) -> Document:
        """Let a call happen, with what goes wrong with it.

        Args:
            operation: The API operation.
            parameters: What it is called with.
            act: Has the effect, while no other call has one.
            finish: Makes the answer; may take its time.
        """
        with self._lock:
            faults = self._faults.of_call(operation, parameters)
        wait_for(faults, "before", self._store)
        began, outcome = self._store.clock.now(), "ok"
        try:
            with self._lock:
                self._throttle.take()
                raise_for(faults, "before")
                self._store.is_stale = any(fault.kind == "stale" for fault in faults)
                try:
                    acted = act()
                finally:
                    self._store.is_stale = False
            answer = finish(acted)
            wait_for(faults, "after", self._store)
            raise_for(faults, "after")
        except ServiceError as error:
            outcome = error.code
            raise
        except ConnectionDroppedError:
            outcome = "dropped"
            raise
        except FunctionKilledError:
            outcome = "killed"
            raise
        finally:
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

    def _answer(self, invocation: Invocation) -> Document:
        try:
            return self._runtime.answer(invocation)
        finally:
            with self._lock:
                invocation.fleet.let_go()

    def _check_role_is_ready(self, parameters: Document) -> None:
        role = parameters.get("ExecutionRoleArn")
        if role and self._store.clock.now() < self._born + self.settings.role_delay:
            raise role_not_ready(role)
