"""The kinds of states: input, output, choices, waits, retries and catchers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.json_document import Document
from local.states_language.choices import choose
from local.states_language.errors import StateError, runtime_error
from local.states_language.paths import check_size, dumps, evaluate, fill_in, find, insert, select

if TYPE_CHECKING:
    from random import Random


DEFAULT_INTERVAL_SECONDS = 1
DEFAULT_BACKOFF_RATE = 2.0
DEFAULT_MAX_ATTEMPTS = 3


def effective_input(state: Document, data: Any, context: Document) -> Any:
    """Apply InputPath and Parameters, and measure what comes out.

    Raises:
        StateError: A path selects nothing, or the result is larger than data may be.
    """
    selected = select(state.get("InputPath", "$"), data, context)
    given = fill_in(state["Parameters"], selected, context) if "Parameters" in state else selected
    check_size(dumps(given), context["State"]["Name"])
    return given


def output_of(state: Document, data: Any, result: Any, context: Document) -> Any:
    """Apply ResultPath and OutputPath.

    Raises:
        StateError: The result cannot be put there, or a path selects nothing.
    """
    return select(state.get("OutputPath", "$"), insert(state.get("ResultPath", "$"), data, result), context)


def run_pass(state: Document, data: Any, context: Document) -> Any:
    """Return the output of a Pass state."""
    given = effective_input(state, data, context)
    return output_of(state, data, state.get("Result", given), context)


def run_choice(state: Document, data: Any, context: Document) -> tuple[Any, str]:
    """Return the output of a Choice state, and the state that follows."""
    given = select(state.get("InputPath", "$"), data, context)
    following = choose(state, given, context)
    return select(state.get("OutputPath", "$"), given, context), following


def fail_with(state: Document, data: Any, context: Document) -> StateError:
    """Return what a Fail state ends the execution with.

    Raises:
        StateError: ErrorPath or CausePath gives no text.
    """
    texts = []
    for field in ("Error", "Cause"):
        path = state.get(f"{field}Path")
        text = state.get(field, "") if path is None else evaluate(path, data, context, field=f"{field}Path")
        if not isinstance(text, str):
            raise runtime_error(f"The {field}Path parameter does not reference a string: {path} == {dumps(text)}")
        texts.append(text)
    return StateError(*texts)


def wait_seconds(state: Document, data: Any, context: Document) -> int:
    """Return for how long a Wait state with Seconds or SecondsPath waits.

    Raises:
        StateError: SecondsPath selects no whole number from 0 on.
    """
    if "Seconds" in state:
        return int(state["Seconds"])
    return _whole_number("SecondsPath", state["SecondsPath"], data, context, least=0)


def timeout_of_task(state: Document, data: Any, context: Document) -> int | None:
    """Return the TimeoutSeconds of a Task state; None if it has none.

    Raises:
        StateError: TimeoutSecondsPath selects no whole number above 0.
    """
    if "TimeoutSecondsPath" in state:
        return _whole_number("TimeoutSecondsPath", state["TimeoutSecondsPath"], data, context, least=1)
    seconds = state.get("TimeoutSeconds")
    return None if seconds is None else int(seconds)


def retry_delay(state: Document, error: StateError, retries: dict[int, int], random: Random) -> float | None:
    """Return the seconds before the next attempt, and count it; None if there is none.

    The first retrier that names the error decides, even if it is used up.

    Args:
        state: The Task state.
        error: What its last attempt ended with.
        retries: How often each retrier was used.
        random: Decides the jitter.
    """
    for index, retrier in enumerate(state.get("Retry", [])):
        if not _names(retrier, error):
            continue
        used = retries.get(index, 0)
        if used >= retrier.get("MaxAttempts", DEFAULT_MAX_ATTEMPTS):
            return None
        retries[index] = used + 1
        interval = retrier.get("IntervalSeconds", DEFAULT_INTERVAL_SECONDS)
        delay = float(interval * retrier.get("BackoffRate", DEFAULT_BACKOFF_RATE) ** used)
        delay = min(delay, retrier.get("MaxDelaySeconds", delay))
        return random.uniform(0, delay) if retrier.get("JitterStrategy") == "FULL" else delay
    return None


def catch(state: Document, error: StateError, data: Any) -> tuple[Any, str] | None:
    """Return the output and the state that the first catcher gives which names an error; None if none does."""
    for catcher in state.get("Catch", []):
        if _names(catcher, error):
            failure = {"Error": error.error, "Cause": error.cause}
            return insert(catcher.get("ResultPath", "$"), data, failure), str(catcher["Next"])
    return None


def _names(clause: Document, error: StateError) -> bool:
    """Return whether a retrier or catcher names an error.

    Source: AWS Step Functions Developer Guide, "Handling errors in Step Functions workflows": no clause applies to
    States.Runtime and States.DataLimitExceeded, States.ALL to all others, States.TaskFailed to all but States.Timeout.
    """
    names = clause["ErrorEquals"]
    if error.is_terminal:
        return False
    is_failed_task = "States.TaskFailed" in names and error.error != "States.Timeout"
    return "States.ALL" in names or error.error in names or is_failed_task


def _whole_number(field: str, path: str, data: Any, context: Document, *, least: int) -> int:
    try:
        value = find(path, data, context)
    except LookupError:
        raise runtime_error(f"The {field} parameter does not reference an input value: {path}") from None
    described = f"{path} == {value if isinstance(value, str) else dumps(value)}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise runtime_error(f"The {field} parameter cannot be parsed as a long value: {described}")
    if value < least:
        raise runtime_error(f"The {field} parameter references a value below {least}: {described}")
    return value
