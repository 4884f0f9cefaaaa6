"""The history of an execution: the events of a task's attempts.

A function that is called by its ARN has events of its own, LambdaFunctionScheduled and so on; one that is called by
`lambda:invoke`, as functions with a task token are, has those of all services, TaskScheduled and so on.
"""

from __future__ import annotations

from local.json_document import Document

SCHEDULED = frozenset({"LambdaFunctionScheduled", "TaskScheduled"})
"""An attempt begins."""

FAILED = frozenset({"LambdaFunctionFailed", "LambdaFunctionTimedOut", "TaskFailed"})
"""An attempt fails. TaskTimedOut is not among them: a wait for a token that times out leads to the next look."""


def details_of(event: Document) -> Document:
    """Return the details of an event; the member that has them is named after the event's type."""
    return next((value for name, value in event.items() if name.endswith("EventDetails")), {})


def failures_of(events: list[Document]) -> list[tuple[str, str]]:
    """Return the failed attempts in a history, each by its state and its error."""
    found, state = [], ""
    for event in events:
        state = event.get("stateEnteredEventDetails", {}).get("name", state)
        if event["type"] in FAILED:
            found.append((state, str(details_of(event).get("error", ""))))
    return found
