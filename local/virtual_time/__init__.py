"""The state machines in virtual time: the shipped definitions, with the real handlers, in one process."""

from local.states_language.errors import UnsupportedStateError
from local.virtual_time.execution import Execution
from local.virtual_time.machine import (
    ExecutionAlreadyExistsError,
    ExecutionDoesNotExistError,
    ExecutionNotRedrivableError,
    Machine,
)
from local.virtual_time.virtual_clock import ClockStoppedError, VirtualClock

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
