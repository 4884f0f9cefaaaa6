"""Many uploads at once on local AWS, on a small scale."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from local.load_test.on_aws import put_on_aws
from local.load_test.uploads import Load
from local.simulator import Fault

if TYPE_CHECKING:
    from local.aws.stack import Stack
    from local.simulator import Settings

SPEED = 50.0  # of the stack that the tests share
STUCK_SECONDS = 120.0


def test_each_endpoint_ends_on_its_newest_artifact(stack: Stack, quick: Settings) -> None:
    """SageMaker throttles and lags, runs get in each other's way, and yet no promise is broken."""
    # At this speed no machine makes as many calls a second as would be refused for it.
    faults = (Fault("CreateModel", "throttled", times=2), Fault("*", "throttled", times=None, probability=0.05))
    stack.server.control.settings = replace(quick, lag=5.0, faults=faults)
    load = Load(uploads=6, endpoints=2, seconds=9 * SPEED, prefix="many")

    figures = put_on_aws(stack, load, speed=SPEED, timeout=STUCK_SECONDS)

    assert list(figures.broken) == []
    assert figures.outcomes.total() == 6
    assert figures.outcomes["Deployed"] >= 2
    assert figures.throttled > 0
    assert figures.milliseconds > 0


def test_a_broken_promise_is_told(stack: Stack, quick: Settings) -> None:
    """Where endpoints fail, the load says which run failed and which endpoint is not there."""
    stack.server.control.settings = replace(quick, failure_reasons={"*": "The image does not start."})
    load = Load(uploads=1, endpoints=1, prefix="broken")

    figures = put_on_aws(stack, load, speed=SPEED, timeout=STUCK_SECONDS)

    failed, missing, silent = figures.broken
    assert failed.startswith("a run for broken-0 ended as Failed: EndpointFailedError: ")
    assert missing == "broken-0 does not exist"
    assert silent.startswith("broken-0 should answer 0, as its newest artifact, and answers ")
