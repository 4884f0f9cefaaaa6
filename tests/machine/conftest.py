"""A world of its own for every test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.virtual_time.world import World, worlds

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def make_world() -> Iterator[Any]:
    """Make worlds with settings and a seed of their own; the functions serve the newest one."""
    with worlds() as make:
        yield make


@pytest.fixture
def world(make_world: Any) -> World:
    """A world without lag or faults."""
    made: World = make_world()
    return made
