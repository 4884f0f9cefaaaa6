"""AnnounceFailure: announce the outcome of an execution that could not announce it itself.

The execution's data were too large, the execution timed out, or the event bus refused events for long. A rule invokes
the function with the event "Step Functions Execution Status Change" of every execution that failed or timed out.
"""

from __future__ import annotations

import os

from deployer.announcement import announce
from deployer.execution_history import is_announced, report_of
from deployer.json_document import Document
from deployer.outcome import conclude
from deployer.runtime import event_bus, executions, step

_EVENTS = 25
"""How many events to read back to the last state; the events of its retries come after it."""


@step(executions, event_bus)
def handler(event: Document) -> Document:
    """Return whether the outcome was announced now."""
    detail = event["detail"]
    events = executions().newest_events(detail["executionArn"], _EVENTS)
    if is_announced(events):
        return {"Announced": False}
    announce(conclude(report_of(detail, events), os.environ["ARTIFACT_PREFIX"]))
    return {"Announced": True}
