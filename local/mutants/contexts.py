"""Gives coverage the name of each test; a plugin of pytest.

Coverage's own way looks for the function of a test, and does not find those that hypothesis wraps. Only the environment
of `make mutants` has coverage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import coverage  # type: ignore[import-not-found]
import pytest

if TYPE_CHECKING:
    from collections.abc import Generator


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Record what a test reaches, and what its fixtures do, by the test's name without its parameters."""
    coverage.Coverage.current().switch_context(item.nodeid.partition("[")[0])
    return (yield)
