"""Fault injection: which calls and which fleets fail, by the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from local.json_document import Document
from local.simulator.errors import (
    ConnectionDroppedError,
    FunctionKilledError,
    ServiceError,
    internal_failure,
    throttled,
)
from local.simulator.settings import Failure

if TYPE_CHECKING:
    from local.simulator.settings import Fault
    from local.simulator.store import Store

_NAMES = ("EndpointName", "EndpointConfigName", "ModelName", "ResourceArn")


class Faults:
    """Chooses the faults of calls and fleets, and counts them.

    Args:
        store: Has the settings, and the randomness.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._calls: dict[int, int] = {}
        self._fleets: dict[int, int] = {}

    def reset(self) -> None:
        """Reset the counters."""
        self._calls.clear()
        self._fleets.clear()

    def of_call(self, operation: str, parameters: Document) -> list[Fault]:
        """Return the faults of a call."""
        chosen = []
        for index, fault in enumerate(self._store.settings.faults):
            if fault.operation not in {operation, "*"} or not _is_about(fault.resource, parameters):
                continue
            if fault.probability < 1 and self._store.random.random() >= fault.probability:
                continue
            count = self._calls[index] = self._calls.get(index, 0) + 1
            if count > fault.skip and (fault.times is None or count <= fault.skip + fault.times):
                chosen.append(fault)
        return chosen

    def of_fleet(self, config_name: str, stage: str, step: int = 1) -> Failure | None:
        """Return the failure of a fleet of an endpoint config in a stage; None if it does not fail."""
        if stage == "Creating" and step == 1:
            for part, reason in self._store.settings.failure_reasons.items():
                if part == "*" or part in config_name:
                    return Failure(part, "Creating", reason)
        for index, failure in enumerate(self._store.settings.failures):
            if (failure.stage, failure.step) != (stage, step):
                continue
            count = self._fleets.get(index, 0)
            if (failure.config == "*" or failure.config in config_name) and count != failure.times:
                self._fleets[index] = count + 1
                return failure
        return None


def wait_for(faults: list[Fault], when: str, store: Store) -> None:
    """Let the time pass that slow calls take, without a lock: other calls go on."""
    for fault in faults:
        if (fault.kind, fault.when) == ("slow", when):
            store.clock.sleep(fault.seconds)


def raise_for(faults: list[Fault], when: str) -> None:
    """Raise what the first of the faults raises at this point."""
    for fault in faults:
        if fault.when == when and (error := _error(fault)):
            raise error


def _is_about(resource: str, parameters: Document) -> bool:
    return not resource or any(resource in str(parameters.get(name, "")) for name in _NAMES)


def _error(fault: Fault) -> BaseException | None:
    match fault.kind:
        case "rejected":
            return ServiceError(fault.code, fault.message)
        case "throttled":
            return throttled()
        case "unavailable":
            return internal_failure()
        case "dropped":
            return ConnectionDroppedError()
        case "killed":
            return FunctionKilledError()
        case "slow" | "stale":
            return None
        case _:
            assert_never(fault.kind)
