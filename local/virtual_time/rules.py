"""EventBridge's rules for functions: which event invokes which function, asynchronously, as Lambda does it."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from moto.events.models import EventPattern

from local.json_document import Document
from local.virtual_time.functions import FunctionError, invoke, rules_of_template, timeout_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from local.virtual_time.virtual_clock import VirtualClock

# "Error handling for asynchronous invocation", AWS Lambda Developer Guide.
_RETRY_SECONDS = (60.0, 120.0)


class Rules:
    """The rules of the template, at work.

    Args:
        clock: Runs the functions.
        state_machine: The ARN of the state machine that rules name.
        arrivals: Callback: returns the delays, in seconds, of an event's deliveries; none if the event is lost.

    Attributes:
        invocations: How often each function was invoked, retries included.
        failures: The functions that failed permanently, with their errors.
    """

    def __init__(
        self, clock: VirtualClock, state_machine: str, arrivals: Callable[[Document], Iterable[float]]
    ) -> None:
        self._clock, self._arrivals = clock, arrivals
        self._patterns = [
            (function, EventPattern("", _completed(pattern, state_machine)))
            for function, pattern in rules_of_template()
        ]
        self.invocations: Counter[str] = Counter()
        self.failures: list[tuple[str, FunctionError]] = []

    def deliver(self, event: Document) -> None:
        """Invoke the functions whose rules match an event, as often and as late as it arrives."""
        functions = [function for function, pattern in self._patterns if pattern.matches_event(event)]
        for seconds in self._arrivals(event):
            for function in functions:
                self._invoke_later(function, event, self._clock.now() + seconds)

    def _invoke_later(self, function: str, event: Document, moment: float) -> None:
        module = re.sub(r"(?<!^)(?=[A-Z])", "_", function).lower()

        def work() -> None:
            for pause in (*_RETRY_SECONDS, None):
                self.invocations[function] += 1
                try:
                    invoke(module, event, self._clock, timeout_of(function))
                except FunctionError as error:
                    if pause is None:
                        self.failures.append((function, error))
                    else:
                        self._clock.sleep(pause)
                else:
                    return

        self._clock.spawn(work, name=f"{event['id']}/{function}", at=moment)


def _completed(pattern: Any, state_machine: str) -> Any:
    """Fill in what the template's pattern refers to: the state machine, or how the ARNs of its executions begin."""
    if isinstance(pattern, dict):
        executions = state_machine.replace(":stateMachine:", ":execution:") + ":"
        return {
            key: executions if key == "prefix" and value is None else _completed(value, state_machine)
            for key, value in pattern.items()
        }
    if isinstance(pattern, list):
        return [state_machine if each is None else _completed(each, state_machine) for each in pattern]
    return pattern
