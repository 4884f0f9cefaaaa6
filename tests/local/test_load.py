"""Many uploads at once on local AWS, on a small scale; `make load` does it on a large one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from local.load_test.on_aws import run_on_aws
from local.load_test.uploads import Load
from local.simulator import Fault
from tests.local.empty_account import empty_account

if TYPE_CHECKING:
    from local.aws.stack import Stack
    from local.simulator import Settings

SPEED = 50.0  # of the stack that the tests share
STUCK_SECONDS = 120.0


def test_each_endpoint_ends_on_its_newest_artifact(stack: Stack, quick: Settings) -> None:
    """SageMaker throttles and lags, and runs compete for endpoints: there is no violation, before a sweep and after."""
    empty_account(stack)
    # At this speed no machine makes as many calls a second as would be refused for it.
    faults = (Fault("CreateModel", "throttled", times=2), Fault("*", "throttled", times=None, probability=0.05))
    stack.server.control.settings = replace(quick, lag=5.0, faults=faults)
    load = Load(uploads=6, endpoints=2, seconds=5 * SPEED, prefix="many")

    figures = run_on_aws(stack, load, speed=SPEED, timeout=STUCK_SECONDS)

    assert list(figures.violations) == []
    assert figures.outcomes.total() == 6
    assert figures.outcomes["Deployed"] >= 2
    assert figures.throttled > 0
    assert figures.sweep_calls > 0
    assert figures.wake_ups > 0
    assert figures.milliseconds > 0


def test_violations_are_named(stack: Stack, quick: Settings) -> None:
    """Where endpoints fail, the load names the run that failed and the endpoint that is missing."""
    empty_account(stack)
    stack.server.control.settings = replace(quick, failure_reasons={"*": "The image does not start."})
    load = Load(uploads=1, endpoints=1, prefix="broken")

    figures = run_on_aws(stack, load, speed=SPEED, timeout=STUCK_SECONDS)

    failed, missing, silent = figures.violations
    assert failed.startswith("a run for broken-0 ended as Failed: EndpointFailedError: ")
    assert missing == "broken-0 does not exist"
    assert silent.startswith("broken-0 should answer 0, as its newest artifact, and answers ")
