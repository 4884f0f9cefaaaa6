"""AnnounceFailure: announce the outcome of an execution that ended before it could do so itself.

Its execution's data were too large, its own time was over, or the event bus took no event for long. A rule invokes it
with the event "Step Functions Execution Status Change" of every execution that failed or timed out.
"""

from __future__ import annotations

import os

from deployer.announcement import announce
from deployer.execution_history import is_announced, report_of
from deployer.json_document import Document
from deployer.outcome import conclude
from deployer.runtime import event_bus, executions, step

_EVENTS = 25
"""How far back in a history to look for the last state; its retries lie between."""


@step(executions, event_bus)
def handler(event: Document) -> Document:
    """Return whether the outcome was announced now."""
    detail = event["detail"]
    events = executions().newest_events(detail["executionArn"], _EVENTS)
    if is_announced(events):
        return {"Announced": False}
    announce(conclude(report_of(detail, events), os.environ["ARTIFACT_PREFIX"]))
    return {"Announced": True}
