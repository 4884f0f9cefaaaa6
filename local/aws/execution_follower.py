"""Executions of a state machine: found by their input, and followed to their end."""

import json
import time
from collections.abc import Iterator
from typing import Any

import jsonpointer

from endpoint_deployer.aws import history
from endpoint_deployer.aws.history import Moment
from local.aws.errors import LocalAwsError

VERSION_POINTER = "/detail/object/version-id"
"""The version of the object in an event of S3, which starts an execution."""

_LOOK_SECONDS = 0.2


class ExecutionMissingError(LocalAwsError):
    """No execution that was looked for started in time."""


def input_has(text: str, pointer: str, value: str) -> bool:
    """Return whether an execution's input has a value at a JSON pointer; inputs of others may be of any shape."""
    return bool(jsonpointer.resolve_pointer(json.loads(text), pointer, None) == value)


def wait_for_execution(states: Any, state_machine: str, pointer: str, value: str, *, timeout: float) -> str:
    """Wait for an execution to start whose input has a value at a JSON pointer, and return its ARN.

    Args:
        states: A boto3 client of Step Functions.
        state_machine: The ARN of its state machine.
        pointer: Where in the input the value is.
        value: What only the input of the awaited execution has there.
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
            if input_has(states.describe_execution(executionArn=arn)["input"], pointer, value):
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
