"""What goes wrong at present: spells begin and end, and strike calls of SageMaker and of the services beside it."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ConnectionClosedError

from local.simulation.recorder import whoever
from local.simulator.errors import FunctionKilledError
from local.virtual_time.connections import EntryRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.story import Outside, Spell, Story
    from local.virtual_time.world import World

_WRITES_OF_S3 = ("Put", "Delete", "Copy", "Create", "Upload", "Complete", "Restore")
_CODES = {"s3": ("SlowDown", "InternalError")}
_ANY_CODES = ("ThrottlingException", "InternalFailure")
_DENIALS = {"s3": "AccessDenied", "cloudwatch": "AccessDenied"}


class Weather:
    """The faults of a story in a world.

    Args:
        world: The world; its simulator gets other settings, and its calls beside SageMaker are struck.
        story: The story.

    Attributes:
        struck: How often each kind of fault struck a service beside SageMaker.
        denied: Who was denied access to such a service, by execution and state.
        objects_written: Calls of S3 by the functions that are no reading.
    """

    def __init__(self, world: World, story: Story) -> None:
        self._world, self._base = world, story.settings
        self._random = Random(story.seed)  # noqa: S311 - repeatable, not secret
        self._active: list[Spell] = []
        self.struck: Counter[str] = Counter()
        self.denied: set[tuple[str, str]] = set()
        self.objects_written: list[str] = []
        world.strike = self._strike
        began = world.clock.now()
        for spell in story.spells:
            world.clock.spawn(partial(self._begin, spell), name=spell.name, at=began + spell.start)
            world.clock.spawn(partial(self._end, spell), name=spell.name, at=began + spell.end)

    @contextmanager
    def calm(self) -> Iterator[None]:
        """Let no fault strike meanwhile: people try until they succeed."""
        store = self._world.simulator.store
        before = store.settings
        # Not by the simulator's own setter, for which it counts anew whom its faults have struck.
        store.settings = replace(before, faults=(), calls_per_second=None)
        try:
            yield
        finally:
            store.settings = before

    def _begin(self, spell: Spell) -> None:
        self._active.append(spell)
        self._apply()

    def _end(self, spell: Spell) -> None:
        self._active.remove(spell)
        self._apply()

    def _apply(self) -> None:
        members: dict[str, Any] = {}
        for spell in self._active:
            members |= spell.settings
        faults = tuple(fault for spell in self._active for fault in spell.faults)
        self._world.simulator.settings = replace(self._base, faults=faults, **members)

    def _strike(self, service: str, operation: str, when: str) -> None:
        """Let a call of another service go wrong, if one of the spells wants it."""
        if service == "s3" and when == "before" and operation.startswith(_WRITES_OF_S3):
            self.objects_written.append(f"{threading.current_thread().name}: {operation}")
        for spell in list(self._active):
            for outside in spell.outside:
                if outside.service == service and self._random.random() < outside.probability:
                    self._go_wrong(outside, operation, when)

    def _go_wrong(self, outside: Outside, operation: str, when: str) -> None:
        kind = outside.kind
        if when != {"lost": "after", "refused": "entry"}.get(kind, "before"):
            return
        self.struck[f"{outside.service} {kind}"] += 1
        throttled, unavailable = _CODES.get(outside.service, _ANY_CODES)
        match kind:
            case "throttled":
                raise _refusal(throttled, "Rate exceeded", 503, operation)
            case "unavailable":
                raise _refusal(unavailable, "We encountered an internal error. Please try again.", 500, operation)
            case "denied":
                self.denied.add(whoever())
                raise _refusal(_DENIALS.get(outside.service, "AccessDeniedException"), "Access Denied", 403, operation)
            case "dropped" | "lost":
                raise ConnectionClosedError(endpoint_url=f"https://{outside.service}.us-east-1.amazonaws.com")
            case "killed":
                raise FunctionKilledError
            case "refused":
                raise EntryRefusedError("The entry was not taken.")
            case "slow":
                self._world.clock.sleep(outside.seconds)


def _refusal(code: str, message: str, status: int, operation: str) -> ClientError:
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)  # type: ignore[arg-type]
