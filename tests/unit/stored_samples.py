"""A revision, and its folder in the artifact bucket."""

from __future__ import annotations

from datetime import UTC, datetime

from deployer.json_document import Document

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
REVISION = "churn-20261124T120000-0123456789ab"
EXECUTION = "arn:aws:states:us-east-1:111122223333:execution:deploy:run-1"
REQUEST: Document = {
    "EndpointName": "churn",
    "Models": {"m": {"PrimaryContainer": {}}},
    "SmokeTest": None,
    "Tags": {"a": "ü"},
}
