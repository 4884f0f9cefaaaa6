"""The simulated account of the hosting simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.hosting.account import Account

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def account() -> Iterator[Account]:
    """An account without lag."""
    made = Account()
    yield made
    made.simulator.close()
