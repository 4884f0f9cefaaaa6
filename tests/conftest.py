"""What every test gets: a region, credentials that open nothing, and quiet observability."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import pytest_socket
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# Timing is measured in benchmarks; a slow machine is not a failure.
settings.register_profile("project", deadline=None)
settings.load_profile("project")

# Read when the functions are imported, so set before any test module is.
os.environ.update(
    AWS_DEFAULT_REGION="us-east-1",
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",  # noqa: S106 - opens nothing
    POWERTOOLS_METRICS_NAMESPACE="EndpointDeployer",
    POWERTOOLS_METRICS_DISABLED="true",
)


@pytest.fixture(autouse=True)
def no_sockets(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let no test reach out, except those that drive local AWS on loopback."""
    if "local" in request.keywords:
        yield
        return
    pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()
