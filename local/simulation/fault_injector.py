"""Injects the faults of a scenario into calls of SageMaker and of the other services, window by window."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from random import Random
from typing import TYPE_CHECKING, assert_never

from botocore.exceptions import ClientError, ConnectionClosedError

from local.json_document import Document
from local.simulation.actors import current_actor
from local.simulator.errors import FunctionKilledError
from local.virtual_time.connections import EntryRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.scenario import FaultWindow, Scenario, ServiceFault
    from local.virtual_time.world import World

_CODES = {"s3": ("SlowDown", "InternalError")}
_DEFAULT_CODES = ("ThrottlingException", "InternalFailure")
_DENIALS = {"s3": "AccessDenied", "cloudwatch": "AccessDenied"}


class FaultInjector:
    """The faults of a scenario, in a world.

    Args:
        world: The world. Its simulator's settings change with the windows, and calls of other services fail.
        scenario: The scenario.

    Attributes:
        fired: How often each kind of fault fired for a call of another service than SageMaker.
        denied: The executions and functions that were denied access to such a service.
    """

    def __init__(self, world: World, scenario: Scenario) -> None:
        self._world, self._base = world, scenario.settings
        self._random = Random(scenario.seed)  # noqa: S311 - repeatable, not secret
        self._open: list[FaultWindow] = []
        self.fired: Counter[str] = Counter()
        self.denied: set[tuple[str, str]] = set()
        world.inject_fault = self._on_call
        began = world.clock.now()
        for window in scenario.fault_windows:
            world.clock.spawn(partial(self._begin, window), name=window.name, at=began + window.start)
            world.clock.spawn(partial(self._end, window), name=window.name, at=began + window.end)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Suspend all faults in a `with` block: people repeat a call until it succeeds."""
        store = self._world.simulator.store
        before = store.settings
        # Not by the simulator's setter, which resets the counters of its faults.
        store.settings = replace(before, faults=(), calls_per_second=None)
        try:
            yield
        finally:
            store.settings = before

    def _begin(self, window: FaultWindow) -> None:
        self._open.append(window)
        self._apply()

    def _end(self, window: FaultWindow) -> None:
        self._open.remove(window)
        self._apply()

    def _apply(self) -> None:
        fields: Document = {}
        for window in self._open:
            fields |= window.settings
        faults = tuple(fault for window in self._open for fault in window.faults)
        self._world.simulator.settings = replace(self._base, faults=faults, **fields)

    def _on_call(self, service: str, operation: str, when: str) -> None:
        """Let a call of another service fail, if a fault of an open window fires."""
        for window in list(self._open):
            for fault in window.service_faults:
                if fault.service == service and self._random.random() < fault.probability:
                    self._fire(fault, operation, when)

    def _fire(self, fault: ServiceFault, operation: str, when: str) -> None:
        kind = fault.kind
        if when != {"lost": "after", "refused": "entry"}.get(kind, "before"):
            return
        self.fired[f"{fault.service} {kind}"] += 1
        throttled, unavailable = _CODES.get(fault.service, _DEFAULT_CODES)
        match kind:
            case "throttled":
                raise _refusal(throttled, "Rate exceeded", 503, operation)
            case "unavailable":
                raise _refusal(unavailable, "We encountered an internal error. Please try again.", 500, operation)
            case "denied":
                self.denied.add(current_actor())
                raise _refusal(_DENIALS.get(fault.service, "AccessDeniedException"), "Access Denied", 403, operation)
            case "dropped" | "lost":
                raise ConnectionClosedError(endpoint_url=f"https://{fault.service}.us-east-1.amazonaws.com")
            case "killed":
                raise FunctionKilledError
            case "refused":
                raise EntryRefusedError("The entry was not taken.")
            case "slow":
                self._world.clock.sleep(fault.seconds)
            case _:
                assert_never(kind)


def _refusal(code: str, message: str, status: int, operation: str) -> ClientError:
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)  # type: ignore[arg-type]
