"""A stack for the command line, whose clients are moto's."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
from moto import mock_aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

BUCKET = "artifacts"


@contextmanager
def moto_stack(patch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Make a stack with an empty artifact bucket, and no endpoint."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        patch.setenv(name, "none")
    with mock_aws():
        clients: dict[str, Any] = {name: boto3.client(name, "us-east-1") for name in ("s3", "sagemaker")}
        clients["s3"].create_bucket(Bucket=BUCKET)
        yield SimpleNamespace(client=clients.get, bucket=BUCKET, prefix="models/")
