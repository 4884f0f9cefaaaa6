"""What several unit tests get: an account to plan in, and functions that work in it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from botocore.stub import Stubber
from moto import mock_aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.planning_account import PlanningAccount


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[PlanningAccount]:
    """An account with an empty artifact bucket, and without an endpoint; its clock is the functions'."""
    from tests.unit.planning_account import PlanningAccount  # noqa: PLC0415 - other tests run without the simulator

    with mock_aws(config={"core": {"passthrough": {"services": ["sagemaker", "applicationautoscaling"]}}}):
        made = PlanningAccount()
        monkeypatch.setattr("deployer.clock.now", lambda: made.now)
        yield made


@pytest.fixture
def step_functions(account: PlanningAccount, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """The answers of Step Functions in order; the functions are set up and work in the account."""
    monkeypatch.setattr("deployer.runtime.client", account.clients.__getitem__)
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)
    with Stubber(account.clients["stepfunctions"]) as stub:
        yield stub
        stub.assert_no_pending_responses()


@pytest.fixture(scope="module")
def stack_of_a_function() -> Iterator[None]:
    """Python's own limit, as Lambda has it; libraries that only tests import raise it."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(before)
