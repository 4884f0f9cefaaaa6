"""The bucket of the adapter's tests."""

from __future__ import annotations

from typing import Any

BUCKET = "artifacts"


def put(s3: Any, key: str, body: bytes = b"x") -> str:
    """Upload an object and return its version."""
    version: str = s3.put_object(Bucket=BUCKET, Key=key, Body=body)["VersionId"]
    return version
