"""The adapter of SageMaker on a client whose answers a test prepares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from deployer.aws.sagemaker import SageMaker
from tests.unit.sagemaker.answers import EXECUTION, STACK

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def client() -> Any:
    """A client of SageMaker that reaches nothing."""
    return boto3.client("sagemaker", config=Config(retries={"total_max_attempts": 1}))


@pytest.fixture
def stub(client: Any) -> Iterator[Stubber]:
    """The answers of SageMaker in order; each has to be used."""
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def service(client: Any) -> SageMaker:
    """The adapter, on behalf of one execution."""
    return SageMaker(client, execution=EXECUTION, stack=STACK, names={"churn-m-1", "churn-c-1"})
