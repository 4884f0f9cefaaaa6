"""The state machine in virtual time: the shipped definition, on MiniStack's interpreter, with the real handlers."""

from local.machine.clock import ClockStoppedError, VirtualClock
from local.machine.interpreter import Execution, Machine

__all__ = ["ClockStoppedError", "Execution", "Machine", "VirtualClock"]
