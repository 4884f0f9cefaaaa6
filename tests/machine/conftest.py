"""A world of its own for every test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.virtual_time.worlds import worlds
from tests.machine.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from local.virtual_time.world import World


@pytest.fixture(scope="module")
def connected_worlds() -> Iterator[Any]:
    """Connect the functions' clients to worlds. That takes longer than most tests, and so happens once a module."""
    with worlds() as make:
        yield make


@pytest.fixture
def make_world(connected_worlds: Any) -> Iterator[Any]:
    """Make worlds with settings and a seed of their own; the functions serve the newest one."""
    made: list[World] = []

    def make(*settings: Any, **more: Any) -> World:
        made[:] = [connected_worlds(*settings, **more)]
        return made[0]

    yield make
    for world in made:
        world.machine.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A world without lag or faults."""
    made: World = make_world()
    return made


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A place to run small definitions."""
    return Bench(tmp_path, monkeypatch)
