"""Executions of a state machine: found by their input, and followed to their end."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from endpoint_deployer.aws import history
from endpoint_deployer.aws.history import Moment
from local.aws.errors import LocalAwsError

_LOOK_SECONDS = 0.1


class ExecutionMissingError(LocalAwsError):
    """No execution that was looked for started in time."""


def wait_for_execution(states: Any, state_machine: str, fits: Callable[[Any], bool], *, timeout: float) -> str:
    """Wait for an execution with a fitting input to start, and return its ARN.

    Args:
        states: A boto3 client of Step Functions.
        state_machine: The ARN of its state machine.
        fits: Callback: returns whether an input, as JSON, is that of the execution.
        timeout: Seconds to wait at most.

    Raises:
        ExecutionMissingError: None started in time.
    """
    deadline = time.monotonic() + timeout
    others: set[str] = set()
    while time.monotonic() < deadline:
        for execution in states.list_executions(stateMachineArn=state_machine)["executions"]:
            arn: str = execution["executionArn"]
            if arn in others:
                continue
            if fits(json.loads(states.describe_execution(executionArn=arn)["input"])):
                return arn
            others.add(arn)
        time.sleep(_LOOK_SECONDS)
    raise ExecutionMissingError(f"No such execution started within {timeout:g} s")


def follow(states: Any, execution: str, *, timeout: float) -> Iterator[Moment]:
    """Yield what happens in an execution as it happens, until it ends; see `endpoint_deployer.aws.history.follow`.

    Raises:
        StillRunningError: It did not end in time.
    """
    return history.follow(states, execution, timeout=timeout, pause=_LOOK_SECONDS)
