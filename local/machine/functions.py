"""Lambda, as the state machine sees it: handlers run in this process, and fail as Lambda reports it."""

from __future__ import annotations

import importlib
import json
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.clock import Clock

_PAYLOAD_BYTES = 6 * 1024 * 1024


class FunctionError(Exception):
    """A function failed, with the name and the cause that Step Functions gets.

    Args:
        error: The exception's class, or Lambda's own name for what happened.
        cause: The report, in JSON.
    """

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(error)
        self.error = error
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Context:
    """What a handler learns about its function and its invocation."""

    function_name: str
    aws_request_id: str
    memory_limit_in_mb: int = 512
    function_version: str = "$LATEST"

    @property
    def invoked_function_arn(self) -> str:
        """The function's ARN."""
        return f"arn:aws:lambda:us-east-1:111122223333:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that are left."""
        return 60_000


def invoke(name: str, payload: Any, clock: Clock, timeout: float) -> Any:
    """Invoke the function of a state as Lambda does, JSON to JSON.

    Args:
        name: The module in `functions/`.
        payload: The event.
        clock: Measures how long it takes.
        timeout: Seconds that the function has.

    Raises:
        FunctionError: It raised, or took too long.
    """
    handler: Callable[[Any, Any], Any] = importlib.import_module(name).handler
    event = json.loads(json.dumps(payload))
    context = Context(name, str(uuid4()))
    began = clock.now()
    try:
        answer = json.dumps(handler(event, context))
    except Exception as error:
        report = {
            "errorMessage": str(error),
            "errorType": type(error).__name__,
            "requestId": context.aws_request_id,
            "stackTrace": traceback.format_exc().splitlines(),
        }
        raise FunctionError(type(error).__name__, json.dumps(report)) from error
    if clock.now() - began > timeout:
        message = f"{context.aws_request_id} Task timed out after {timeout:.2f} seconds"
        raise FunctionError("Sandbox.Timedout", json.dumps({"errorType": "Sandbox.Timedout", "errorMessage": message}))
    if len(answer) > _PAYLOAD_BYTES:
        raise FunctionError("Function.ResponseSizeTooLarge", "{}")
    return json.loads(answer)
