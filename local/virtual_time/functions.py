"""Invokes handlers in this process, and reports failures as Lambda does."""

from __future__ import annotations

import functools
import importlib
import json
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import yaml

from local.environment import ROOT
from local.json_document import Document
from local.simulator.errors import FunctionKilledError
from local.virtual_time.virtual_clock import DeadlinePassedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.virtual_clock import VirtualClock

_PAYLOAD_BYTES = 6 * 1024 * 1024
_TEMPLATE = ROOT / "template.yaml"


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
    """The context object of an invocation."""

    function_name: str
    aws_request_id: str
    clock: VirtualClock | None = None
    deadline: float = 0.0
    memory_limit_in_mb: int = 512
    function_version: str = "$LATEST"

    @property
    def invoked_function_arn(self) -> str:
        """The function's ARN."""
        return f"arn:aws:lambda:us-east-1:111122223333:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that are left."""
        return max(0, int(1000 * (self.deadline - self.clock.now()))) if self.clock else 0


def invoke(name: str, payload: Any, clock: VirtualClock, timeout: float) -> Any:
    """Invoke the function of a state as Lambda does, JSON to JSON.

    Args:
        name: The module in `functions/`.
        payload: The event.
        clock: Measures how long it takes.
        timeout: Seconds that the function has. When they are over it is ended where it is, as Lambda kills the process:
            what it would have done afterwards is not done.

    Raises:
        FunctionError: It raised, was killed, took too long, or answered what Lambda does not pass on.
    """
    handler: Callable[[Any, Any], Any] = importlib.import_module(name).handler
    context = Context(name, str(uuid4()), clock, clock.now() + timeout)
    try:
        with clock.deadline(timeout):
            answer = handler(json.loads(json.dumps(payload)), context)
    except Exception as error:
        report = {
            "errorMessage": str(error),
            "errorType": type(error).__name__,
            "requestId": context.aws_request_id,
            # The places, as Lambda reports them: no messages, and none of the errors that it was raised from.
            "stackTrace": traceback.format_tb(error.__traceback__),
        }
        raise FunctionError(type(error).__name__, json.dumps(report)) from error
    except FunctionKilledError as error:
        raise _ended(context, "Runtime.ExitError", "Runtime exited with error: signal: killed") from error
    except DeadlinePassedError as error:
        raise _ended(context, "Sandbox.Timedout", f"Task timed out after {timeout:.2f} seconds") from error
    return _passed_on(answer, context)


def _ended(context: Context, error: str, message: str) -> FunctionError:
    """Return what Lambda's service reports when the process could not report itself."""
    report = {"errorType": error, "errorMessage": f"RequestId: {context.aws_request_id} Error: {message}"}
    return FunctionError(error, json.dumps(report))


def _passed_on(answer: Any, context: Context) -> Any:
    try:
        text = json.dumps(answer)
    except TypeError as error:
        report = {"errorType": "Runtime.MarshalError", "errorMessage": f"Unable to marshal response: {error}"}
        raise FunctionError("Runtime.MarshalError", json.dumps(report)) from error
    if len(text) > _PAYLOAD_BYTES:
        raise _ended(context, "Function.ResponseSizeTooLarge", f"Response payload size exceeded {_PAYLOAD_BYTES} bytes")
    return json.loads(text)


class _Template(yaml.CSafeLoader):
    """Reads a template without what CloudFormation's short forms, such as `!Ref`, stand for."""


_Template.add_multi_constructor("!", lambda *_: None)


@functools.cache
def _template() -> Document:
    text = _TEMPLATE.read_text(encoding="utf-8")
    template: Document = yaml.load(text, Loader=_Template)  # noqa: S506 - a SafeLoader
    return template


def timeout_of(name: str) -> float:
    """Return the seconds that the shipped template gives the function of a state."""
    template = _template()
    properties = template["Resources"].get(f"{name}Function", {}).get("Properties", {})
    return float(properties.get("Timeout", template["Globals"]["Function"]["Timeout"]))


def rules_of_template() -> list[tuple[str, Document]]:
    """Return the event patterns of the shipped template's rules for functions, each with the function's name.

    A target is named like its function. What a pattern refers to, by `!Ref` and the like, is None in it.
    """
    resources = _template()["Resources"]
    rules = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::Events::Rule"]
    return [
        (target["Id"], rule["EventPattern"])
        for rule in rules
        for target in rule["Targets"]
        if "EventPattern" in rule and f"{target['Id']}Function" in resources
    ]
