"""The runtime's client, whose answers a test prepares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def client() -> Any:
    """A client of the runtime that reaches nothing."""
    config = Config(retries={"total_max_attempts": 1})
    return boto3.client("sagemaker-runtime", config=config)


@pytest.fixture
def stub(client: Any) -> Iterator[Stubber]:
    """The answers of the runtime in order; each has to be used."""
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()
