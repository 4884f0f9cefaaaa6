"""Errors of states and definitions."""

from __future__ import annotations

_TERMINAL = frozenset({"States.Runtime", "States.DataLimitExceeded"})


class StateError(Exception):
    """A state failed.

    Args:
        error: The name that retriers and catchers compare.
        cause: What happened, for people.
        is_result: Whether it is about the size of a task's own result. Such an error can be caught, says the
            description of `States.DataLimitExceeded`, while the same name for a state's data ends the execution.
    """

    def __init__(self, error: str, cause: str = "", *, is_result: bool = False) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause
        self.is_terminal = error in _TERMINAL and not is_result


class UnsupportedStateError(Exception):
    """The definition has something that this interpreter does not do; the message names it."""


def runtime_error(cause: str) -> StateError:
    """Return the error that ends an execution whatever its retriers and catchers say.

    Source: AWS Step Functions Developer Guide, "Handling errors in Step Functions workflows", `States.Runtime`.
    """
    return StateError("States.Runtime", cause)


def located(error: StateError, state: str, event: int) -> StateError:
    """Return an error whose cause says where it happened, if it is one of States.Runtime.

    Args:
        error: The error.
        state: The state.
        event: The id of the event with which the execution entered it.
    """
    if error.error != "States.Runtime":
        return error
    where = f"An error occurred while executing the state '{state}' (entered at the event id #{event})."
    return StateError(error.error, f"{where} {error.cause}")
