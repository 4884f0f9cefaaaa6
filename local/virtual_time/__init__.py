"""The state machine in virtual time: the shipped definition, on MiniStack's interpreter, with the real handlers."""

from local.virtual_time.clock import ClockStoppedError, VirtualClock
from local.virtual_time.execution import Execution
from local.virtual_time.machine import (
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
