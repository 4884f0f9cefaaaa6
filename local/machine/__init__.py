"""The state machine in virtual time: the shipped definition, on MiniStack's interpreter, with the real handlers."""

from local.machine.clock import ClockStoppedError, VirtualClock
from local.machine.execution import Execution
from local.machine.machine import (
    ExecutionAlreadyExistsError,
    ExecutionDoesNotExistError,
    ExecutionNotRedrivableError,
    Machine,
    UnsupportedStateError,
)

__all__ = [
    "ClockStoppedError",
    "Execution",
    "ExecutionAlreadyExistsError",
    "ExecutionDoesNotExistError",
    "ExecutionNotRedrivableError",
    "Machine",
    "UnsupportedStateError",
    "VirtualClock",
]
