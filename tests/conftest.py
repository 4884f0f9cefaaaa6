"""What every test gets: a region, credentials that open nothing, and quiet observability."""

from __future__ import annotations

import os

# Read when the functions are imported, so set before any test module is.
os.environ.update(
    AWS_DEFAULT_REGION="us-east-1",
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",  # noqa: S106 - opens nothing
    POWERTOOLS_TRACE_DISABLED="true",
    POWERTOOLS_METRICS_NAMESPACE="EndpointDeployer",
    POWERTOOLS_METRICS_DISABLED="true",
)
