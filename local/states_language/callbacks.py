"""Task tokens: who may complete a task, and how."""

from __future__ import annotations

import base64
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.states_language.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

# Tokens of AWS are of about this length. They count for the sizes of inputs and of the history.
_TOKEN_BYTES = 510
_PREFIX = "AQC"


class InvalidTokenError(Exception):
    """Step Functions did not issue this token."""


class TaskDoesNotExistError(Exception):
    """There has been no such task."""


class TaskTimedOutError(Exception):
    """The task is over: it was completed, it failed, or its time has passed."""


@dataclass(eq=False)
class Callback:
    """One attempt of a task, as long as its token is good.

    Attributes:
        token: The token.
        wake: Lets the execution see that it is completed.
        output: What SendTaskSuccess brought, as JSON.
        error: What SendTaskFailure brought, or why the function failed.
        is_completed: Whether either has happened.
        is_closed: Whether the token is no longer good.
    """

    token: str
    wake: Callable[[], None]
    output: Any = None
    error: StateError | None = None
    is_completed: bool = False
    is_closed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def complete(self, output: Any = None, error: StateError | None = None) -> bool:
        """Complete the attempt; return whether the token was still good."""
        with self._lock:
            if self.is_closed:
                return False
            self.output, self.error = output, error
            self.is_completed = self.is_closed = True
        self.wake()
        return True

    def close(self) -> None:
        """Let the token no longer be good."""
        with self._lock:
            self.is_closed = True


class Callbacks:
    """All tokens of an account.

    Args:
        random: Makes the tokens.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._by_token: dict[str, Callback] = {}

    def open(self, wake: Callable[[], None]) -> Callback:
        """Issue a token for one attempt of a task."""
        token = _PREFIX + base64.b64encode(self._random.randbytes(_TOKEN_BYTES)).decode()
        callback = self._by_token[token] = Callback(token, wake)
        return callback

    def send_success(self, token: str, output: Any) -> None:
        """Complete a task.

        Raises:
            InvalidTokenError: It is no token.
            TaskDoesNotExistError: It is a token of no task.
            TaskTimedOutError: The task is over.
        """
        self._complete(token, output)

    def send_failure(self, token: str, error: str, cause: str) -> None:
        """Fail a task; raises what `send_success` raises."""
        self._complete(token, error=StateError(error, cause))

    def _complete(self, token: str, output: Any = None, error: StateError | None = None) -> None:
        if not token.startswith(_PREFIX):
            raise InvalidTokenError("Invalid Token: 'Invalid token'")
        callback = self._by_token.get(token)
        if callback is None:
            raise TaskDoesNotExistError("Task does not exist")
        if not callback.complete(output, error):
            raise TaskTimedOutError("Task Timed Out: 'Provided task does not exist anymore'")
