"""Adds RedriveExecution to MiniStack's Step Functions."""

import asyncio
import contextvars
import json
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import stepfunctions

from local.json_document import Document

Handler = Callable[..., Awaitable[Any]]

_REDRIVABLE = frozenset({"ABORTED", "FAILED", "TIMED_OUT"})
_SECONDS_TO_END = 0.3
"""By then the thread of a stopped execution has seen that it was stopped."""

_resumed: dict[str, tuple[Any, str]] = {}
"""The data and the state that a redriven execution goes on with, by its ARN, until it does."""


def with_redrive(handle: Handler) -> Handler:
    """Let the handler of Step Functions answer RedriveExecution, too."""

    async def handle_or_redrive(method: str, path: str, headers: Document, body: bytes, query: Document) -> Any:
        if not headers.get("x-amz-target", "").endswith(".RedriveExecution"):
            return await handle(method, path, headers, body, query)
        return await _redrive(json.loads(body)["executionArn"])

    return handle_or_redrive


def take_resumed(arn: str) -> tuple[Any, str] | None:
    """Return the data and the state that an execution goes on with, once; None if it was not redriven.

    MiniStack runs an execution from its first state. So this is what the first state returns, and the history has
    another visit of that state, which AWS would not show.
    """
    return _resumed.pop(arn, None)


async def _redrive(arn: str) -> Any:
    """Go on with the state that an execution ended in, and with that state's input (Developer Guide, "redrive")."""
    execution = stepfunctions._executions.get(arn)  # noqa: SLF001 - MiniStack has no other way to its executions
    if execution is None:
        return error_response_json("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'", 400)
    if execution["status"] not in _REDRIVABLE:
        message = f"Execution is {execution['status']} and cannot be redriven"
        return error_response_json("ExecutionNotRedrivable", message, 400)
    await asyncio.sleep(_SECONDS_TO_END)
    entered = next(
        event["stateEnteredEventDetails"]
        for event in reversed(execution["events"])
        if "stateEnteredEventDetails" in event
    )
    _resumed[arn] = json.loads(entered["input"]), entered["name"]
    execution.update(status="RUNNING", stopDate=None, output=None, error=None, cause=None)
    stepfunctions._add_event(execution, "ExecutionRedriven", {"executionRedrivenEventDetails": {}})  # noqa: SLF001
    run = stepfunctions._run_execution  # noqa: SLF001
    # The account and the region of a request are in its context.
    threading.Thread(target=contextvars.copy_context().run, args=(run, arn), daemon=True).start()
    return json_response({"redriveDate": time.time()})
