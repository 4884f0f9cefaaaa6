"""Watches a world: notes what is written and called, and invokes the endpoints whenever something has happened."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

from local.simulation.account import configs_of
from local.simulation.recording import Call, Probe, Write, is_by_and_by
from local.simulation.spells import REFUSED
from local.simulator import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulation.story import Document
    from local.simulation.weather import Weather
    from local.simulator.replicas import Table
    from local.virtual_time.world import World

_CHANGING = frozenset({"Creating", "Updating", "RollingBack", "SystemUpdating", "Deleting"})
_LOOK_SECONDS = 20.0
_SLOWEST_LOOK_SECONDS = 300.0
_FAULTS = frozenset(
    {
        "ThrottlingException", "InternalFailure", "ConnectionDroppedError", "FunctionKilledError",
        "AccessDeniedException", "ResourceLimitExceeded",
    }
)  # fmt: skip
_FAILED = frozenset({"Failed", "RollingBack", "UpdateRollbackFailed"})
_SLOW_SECONDS = 5.0


class Recorder:
    """What happens in a world.

    Args:
        world: The world; its simulator is watched from now on.
        weather: Its faults, from which probes are spared.
    """

    def __init__(self, world: World, weather: Weather) -> None:
        self._world, self._weather = world, weather
        self._writes: list[Write] = []
        self.calls: list[Call] = []
        self.probes: list[Probe] = []
        self._is_looking = False
        self._probed_at = -1.0
        store = world.simulator.store
        for name in ("models", "configs", "endpoints", "tags"):
            self._watch_table(name, getattr(store, name))
        self._watch_calls()

    @property
    def writes(self) -> list[Write]:
        """What was written, in the order in which it took effect; SageMaker's own doing is noted late."""
        return sorted(self._writes, key=lambda write: write.time)

    @property
    def struck(self) -> Counter[str]:
        """How often calls of SageMaker went wrong, by how, and how often fleets did."""
        struck = Counter(f"sagemaker: {call.outcome}" for call in self.calls if call.outcome in _FAULTS)
        struck["sagemaker: ValidationException"] = sum(call.message == REFUSED for call in self.calls)
        struck["sagemaker: slow"] = sum(call.seconds >= _SLOW_SECONDS for call in self.calls)
        ends = (write.value["EndpointStatus"] for write in self._writes if is_by_and_by(write) and write.value)
        struck.update(f"fleet: {status}" for status in ends if status in _FAILED)
        return +struck

    def _watch_table(self, title: str, table: Table[Document]) -> None:
        write = table.write

        def watched(name: str, value: Document | None, now: float) -> None:
            before = table.current(name)
            write(name, value, now)
            self._writes.append(Write(now, *whoever(), title, name, value, before))
            if title == "endpoints":
                self._look_later(is_changing=value is not None and value["EndpointStatus"] in _CHANGING)

        table.write = watched  # type: ignore[method-assign]

    def _watch_calls(self) -> None:
        simulator = self._world.simulator
        call, invoke = simulator.call, simulator.invoke

        def watched(operation: str, parameters: Document, act: Callable[[], Document]) -> Document:
            outcome, attached, message, began = "ok", "", "", self._world.clock.now()
            try:
                answer = act()
                if operation == "InvokeEndpoint":
                    attached = self._attached(parameters["EndpointName"])
            except ServiceError as error:
                outcome, message = error.code, error.message
                raise
            except BaseException as error:
                outcome = type(error).__name__
                raise
            finally:
                now = self._world.clock.now()
                self.calls.append(Call(now, *whoever(), operation, parameters, outcome, attached, message, now - began))
            return answer

        simulator.call = lambda operation, parameters: watched(  # type: ignore[method-assign]
            operation, parameters, lambda: call(operation, parameters)
        )
        self._invoke = invoke
        simulator.invoke = lambda parameters: watched(  # type: ignore[method-assign]
            "InvokeEndpoint", parameters, lambda: invoke(parameters)
        )

    def _attached(self, endpoint: str) -> str:
        record = self._world.simulator.store.endpoints.current(endpoint)
        return record["EndpointConfigName"] if record else ""

    def _look_later(self, *, is_changing: bool) -> None:
        """Probe as soon as the writer has done, and keep looking for as long as an endpoint changes."""
        now = self._world.clock.now()
        if now != self._probed_at:
            self._probed_at = now
            self._world.clock.spawn(self.probe, name="probe")
        if is_changing and not self._is_looking:
            self._is_looking = True
            self._world.clock.spawn(self._look, name="probe")

    def _look(self) -> None:
        """Let SageMaker's own doing take place about when it is due, and not when somebody looks."""
        clock, began = self._world.clock, self._world.clock.now()
        while True:
            clock.sleep(max(_LOOK_SECONDS, min(_SLOWEST_LOOK_SECONDS, (clock.now() - began) / 20)))
            endpoints = self._world.simulator.resources()["Endpoints"].values()
            if not any(endpoint["EndpointStatus"] in _CHANGING for endpoint in endpoints):
                self._is_looking = False
                return

    def probe(self) -> None:
        """Invoke every endpoint of the story that there is, as its users do all the time."""
        self._probed_at = -1.0
        with self._weather.calm():
            for name, endpoint in self._world.simulator.resources()["Endpoints"].items():
                answer = "ok"
                try:
                    self._invoke({"EndpointName": name, "Body": b"{}"})
                except ServiceError as error:
                    answer = error.code
                self.probes.append(Probe(self._world.clock.now(), name, configs_of(endpoint), answer))


def whoever() -> tuple[str, str]:
    """Name the execution or the step that acts, and the state that it is in."""
    actor, _, state = threading.current_thread().name.rpartition("#")[0].partition("/")
    return actor, state
