"""Execution and recording of API calls, with their faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from local.json_document import Document
from local.simulator.errors import ConnectionDroppedError, FunctionKilledError, ServiceError
from local.simulator.faults import raise_for, wait_for
from local.simulator.throttle import Throttle

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from local.simulator.faults import Faults
    from local.simulator.store import Store

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """A call, and how it ended: `ok`, the code of the error, `dropped` or `killed`."""

    time: float
    operation: str
    parameters: Document
    outcome: str


class Calls:
    """Executes calls one at a time, and records them.

    Args:
        store: The account.
        faults: What goes wrong with calls.
        lock: Held while a call has its effect.
        on_effect: Called after each call that may have had an effect, with the lock.

    Attributes:
        done: The calls so far, in the order in which they ended.
    """

    def __init__(self, store: Store, faults: Faults, lock: threading.RLock, on_effect: Callable[[], None]) -> None:
        self._store, self._faults, self._lock, self._on_effect = store, faults, lock, on_effect
        self._throttle = Throttle(store)
        self.done: list[Call] = []

    def do(
        self, operation: str, parameters: Document, act: Callable[[], T], finish: Callable[[T], Document]
    ) -> Document:
        """Execute a call with its faults.

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
                    self._on_effect()
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
            self.done.append(Call(began, operation, parameters, outcome))
        return answer
