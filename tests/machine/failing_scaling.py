"""Runs that scale an endpoint, of which one call to a service that takes part in scaling goes wrong.

The points are not listed by hand: a run without faults shows which calls it makes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from deployer.json_document import Document
from local.simulator import Settings
from tests.machine.factories import ANSWERS, deploy_one, request

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.execution import Execution
    from local.virtual_time.world import World

SETTINGS = Settings(broken_models={"bad": "cannot predict"}, create_seconds=45, update_seconds=45)

Point = tuple[str, int]
"""A call: its operation, and how many of that one went before."""

Case = tuple[str, str, Document]
"""The image that the endpoint serves before, empty for none; the run's image, and further members of its request."""


def refusal(code: str) -> ClientError:
    """Build an answer of a service that refuses a call."""
    return ClientError({"Error": {"Code": code, "Message": "not now"}}, "any")


@dataclass(frozen=True)
class ScalingRuns:
    """Runs from one scaling to another one.

    Attributes:
        services: The services whose calls go wrong.
        before: The scaling that the endpoint has, as a field of a request.
        after: The scaling that a run gives it.
    """

    services: frozenset[str]
    before: Document
    after: Document

    def prepare(self, make_world: Callable[..., Any], old: str) -> World:
        """Make a world with an endpoint as it is before the run; with none if it serves no `old` image."""
        world: World = make_world(SETTINGS)
        if old:
            deploy_one(world, request(old, **self.before))
        world.clock.sleep(60)
        return world

    def wanted(self, content: str, change: Document) -> Document:
        """Build the request of the run."""
        return request(content, SmokeTest=ANSWERS, **self.after, **change)

    def points(self, make_world: Callable[..., Any], case: Case) -> list[Point]:
        """Return each call of the services."""
        world, calls = self.prepare(make_world, case[0]), Counter[str]()
        found: list[Point] = []

        def note(service: str, operation: str, when: str) -> None:
            if service in self.services and when == "before":
                found.append((operation, calls[operation]))
                calls[operation] += 1

        world.inject_fault = note
        world.run(self.wanted(*case[1:]))
        return found

    def inject(self, world: World, point: Point, when: str, error: BaseException) -> None:
        """Let one call fail, before its effect or after it."""
        calls = Counter[str]()

        def inject(service: str, operation: str, moment: str) -> None:
            if service in self.services and (operation, moment) == (point[0], when):
                calls[operation] += 1
                if calls[operation] == point[1] + 1:
                    raise error

        world.inject_fault = inject

    def fail(
        self, make_world: Callable[..., Any], case: Case, point: Point, error: BaseException, when: str = "before"
    ) -> tuple[World, Execution]:
        """Run with one call that fails."""
        world = self.prepare(make_world, case[0])
        self.inject(world, point, when, error)
        return world, world.run(self.wanted(*case[1:]))
